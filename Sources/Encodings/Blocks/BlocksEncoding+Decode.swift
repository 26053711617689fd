import Kernels
public import TensorModel

extension BlocksEncoding {
  @unsafe public func decode(
    _ stage: StageReader, at place: ChunkPlace, kept: KeptElements?, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    guard kept == nil else { throw ModelError(.malformed, "blocks behind a mask") }
    let parameters = try BlockParameters(stage.parameters)
    let (type, classes) = (parameters.type, parameters.classes)
    let size = type.layout.byteCount
    guard target.count % size == 0 else {
      throw ModelError(.malformed, "\(target.count) bytes in blocks of \(size) bytes")
    }
    let count = target.count / size
    let (fields, symbols) = (BlockFields(type), BlockSymbols(type))
    let streamCount = fields.streamCount + (symbols.parts > 0 ? classes.count : 0)
    try stage.expectStreams(streamCount...streamCount)
    guard let base = target.baseAddress, count > 0 else { return }
    let blocks = unsafe base.assumingMemoryBound(to: UInt8.self)
    try unsafe Self.setFields(fields, type, of: stage, count, into: blocks)
    guard symbols.parts > 0 else { return }
    let ranks = unsafe workspace.codes.bytes(count * symbols.parts)
    if classes.cells == 1 {
      unsafe ranks.update(repeating: classes.classes[0], count: count * symbols.parts)
    } else {
      let keys = unsafe BlockKeys.keys(
        of: base, count, symbols, rowBlocks: parameters.rowBlocks, workspace.products)
      unsafe classes.classify(keys, into: ranks)
    }
    let partCounts = unsafe classes.partCounts(ranks, count * symbols.parts)
    var streams: [UnsafePointer<UInt8>] = unsafe []
    for (rank, parts) in partCounts.enumerated() {
      let bytes = try unsafe stage.stream(fields.streamCount + rank, byteCount: parts * symbols.symbols)
      // A class without parts is never read.
      unsafe streams.append(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(blocks))
    }
    unsafe streams.withUnsafeMutableBufferPointer {
      unsafe symbols.join($0.baseAddress!, ranks: ranks, count, into: base)
    }
  }

  @unsafe private static func setFields(
    _ fields: BlockFields, _ type: BlockType, of stage: StageReader, _ count: Int,
    into blocks: UnsafeMutablePointer<UInt8>
  ) throws(ModelError) {
    let size = type.layout.byteCount
    for (number, plane) in fields.planes.enumerated() {
      let bytes = try unsafe stage.stream(number, byteCount: count * plane.offsets.count)
      unsafe plane.scatter(bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), count, size, into: blocks)
    }
    guard let sixBits = fields.sixBits else { return }
    var streams: [UnsafePointer<UInt8>] = unsafe []
    for (number, numbers) in sixBits.counts.enumerated() {
      let bytes = try unsafe stage.stream(fields.planes.count + number, byteCount: numbers * count)
      unsafe streams.append(bytes.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { six in
      for block in 0..<count {
        var first = 0
        for (number, numbers) in sixBits.counts.enumerated() {
          unsafe (six.baseAddress! + first).update(from: streams[number] + block * numbers, count: numbers)
          first += numbers
        }
        unsafe BlockScales.pack(type, six.baseAddress!, into: blocks + (block * size + sixBits.offset))
      }
    }
  }
}
