import Kernels
import TensorModel

/// Blocks of quantised codes: each field for itself, codes by classes of their scales (`formats/encodings/blocks.md`).
public struct BlocksEncoding: PositionalEncoding {
  public let id = "blocks"
  public let summary = "quantised blocks: scales apart, codes by classes of their scales"

  public func accepts(_ type: ElementType) -> Bool { type == .byte }

  @unsafe public func encode(
    _ elements: Elements, at place: ChunkPlace, split: ZeroSplit?, plan: TensorPlan, as number: Int,
    into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) -> Bool {
    guard let type = plan.blocks, unsafe split == nil else { return false }
    let size = type.layout.byteCount
    guard unsafe elements.byteCount % size == 0 else { return false }
    let (blocks, count) = unsafe (elements.start, elements.byteCount / size)
    let (fields, symbols) = (BlockFields(type), BlockSymbols(type))
    // Rows of which a chunk has one at most have no means worth dividing by.
    let rowBlocks = symbols.parts == 0 || symbols.hasRatios || plan.rowBlocks < 4 ? 0 : plan.rowBlocks
    let keys = unsafe BlockKeys.keys(of: blocks, count, symbols, rowBlocks: rowBlocks, workspace.products)
    let classes = unsafe Self.classes(keys, symbols, hasRatios: rowBlocks > 0 || symbols.hasRatios, blocks, workspace)
    let classCount = symbols.parts > 0 ? classes.count : 0
    chunk.beginStage(
      number, parameters: BlockParameters(type: type, rowBlocks: rowBlocks, classes: classes).bytes,
      streams: fields.streamCount + classCount)
    unsafe Self.appendFields(fields, type, blocks, count, into: chunk, workspace)
    guard symbols.parts > 0 else { return true }
    unsafe Self.appendSymbols(symbols, classes, keys, blocks, count, into: chunk, workspace)
    return true
  }

  @unsafe private static func classes(
    _ keys: UnsafeBufferPointer<BlockKey>, _ symbols: BlockSymbols, hasRatios: Bool, _ blocks: UnsafeRawPointer,
    _ workspace: EncodingWorkspace
  ) -> BlockClasses {
    let wanted = workspace.effort.blockCells
    guard symbols.parts > 0, wanted.ratios > 1 else { return .single }
    let cells = unsafe BlockClassSearch.cells(
      keys, ratios: hasRatios ? wanted.ratios : 1, scales: hasRatios ? wanted.scales : wanted.ratios * wanted.scales)
    let ranks = unsafe workspace.symbols.bytes(keys.count)
    unsafe cells.findCells(keys, into: ranks)
    let count = keys.count / symbols.parts
    let stride = count * symbols.count < 1 << 18 ? 1 : workspace.effort.blockStride
    let counts = unsafe counts(symbols, blocks, count, stride, ranks, cells: cells.cells)
    return BlockClassSearch.merged(cells, counts, share: 1 / Double(stride))
  }

  /// How often each symbol occurs in each cell, of every `stride`th block.
  @unsafe private static func counts(
    _ symbols: BlockSymbols, _ blocks: UnsafeRawPointer, _ count: Int, _ stride: Int, _ ranks: UnsafePointer<UInt8>,
    cells: Int
  ) -> [UInt32] {
    let size = symbols.type.layout.byteCount
    var counts = [UInt32](repeating: 0, count: 256 * cells)
    unsafe counts.withUnsafeMutableBufferPointer { counts in
      unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: symbols.count) { buffer in
        var block = 0
        while block < count {
          unsafe symbols.split(blocks + block &* size, into: buffer.baseAddress!)
          var part = 0
          while part < symbols.parts {
            let table = unsafe counts.baseAddress! + 256 &* Int(ranks[block &* symbols.parts &+ part])
            var index = part &* symbols.symbols
            let end = index &+ symbols.symbols
            while index < end {
              unsafe table[Int(buffer[index])] &+= 1
              index &+= 1
            }
            part &+= 1
          }
          block &+= stride
        }
      }
    }
    return counts
  }

  @unsafe private static func appendFields(
    _ fields: BlockFields, _ type: BlockType, _ blocks: UnsafeRawPointer, _ count: Int, into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) {
    let size = type.layout.byteCount
    for plane in fields.planes {
      let bytes = unsafe workspace.fields.bytes(count * plane.offsets.count)
      unsafe plane.gather(blocks, count, size, into: bytes)
      unsafe chunk.append(UnsafeRawBufferPointer(start: bytes, count: count * plane.offsets.count), .general)
    }
    guard let sixBits = fields.sixBits else { return }
    let bytes = unsafe workspace.fields.bytes(16 * count)
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { six in
      for block in 0..<count {
        unsafe BlockScales.unpack(type, blocks + (block * size + sixBits.offset), into: six.baseAddress!)
        var (first, before) = (0, 0)
        for numbers in sixBits.counts {
          let target = unsafe bytes + (before * count + block * numbers)
          unsafe target.update(from: six.baseAddress! + first, count: numbers)
          (first, before) = (first + numbers, before + numbers)
        }
      }
    }
    var before = 0
    for numbers in sixBits.counts {
      unsafe chunk.append(UnsafeRawBufferPointer(start: bytes + before * count, count: numbers * count), .general)
      before += numbers
    }
  }

  /// The symbols of each class, in the order of the parts.
  @unsafe private static func appendSymbols(
    _ symbols: BlockSymbols, _ classes: BlockClasses, _ keys: UnsafeBufferPointer<BlockKey>,
    _ blocks: UnsafeRawPointer, _ count: Int, into chunk: ChunkWriter, _ workspace: EncodingWorkspace
  ) {
    let ranks = unsafe workspace.symbols.bytes(keys.count)
    unsafe classes.classify(keys, into: ranks)
    let partCounts = unsafe classes.partCounts(ranks, keys.count)
    let streams = unsafe workspace.planes.bytes(count * symbols.count)
    var end = unsafe streams
    var ends: [UnsafeMutablePointer<UInt8>] = unsafe []
    for parts in partCounts {
      unsafe ends.append(end)
      unsafe end += parts * symbols.symbols
    }
    unsafe ends.withUnsafeMutableBufferPointer {
      unsafe symbols.split(blocks, count, ranks: ranks, into: $0.baseAddress!)
    }
    var first = 0
    for parts in partCounts {
      let byteCount = parts * symbols.symbols
      unsafe chunk.append(UnsafeRawBufferPointer(start: streams + first, count: byteCount), .symbols)
      first += byteCount
    }
  }
}

extension BlockSymbols {
  /// Whether keys have ratios.
  var hasRatios: Bool {
    switch type {
    case .q4_1, .q5_1, .q2_k, .q4_k, .q5_k: true
    default: false
    }
  }
}
