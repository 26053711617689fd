public import Kernels
import TensorModel

/// Floats that are levels times a scale of their group (`formats/encodings/grid.md`).
public struct GridEncoding: PositionalEncoding {
  public let id = "grid"
  public let summary = "floats on a grid: codes, and a scale for each group"

  /// More exceptions than one in that many elements, and it is no grid.
  private static let rarestException = 16

  public func accepts(_ type: ElementType) -> Bool { GridKind(type) != nil }

  @unsafe public func encode(
    _ elements: Elements, at place: ChunkPlace, split: ZeroSplit?, plan: TensorPlan, as number: Int,
    into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) -> Bool {
    guard let grid = plan.grid else { return false }
    let count = unsafe elements.count
    let first = unsafe place.byteOffset / elements.type.width
    let found = unsafe GridChunk(elements, at: first, grid: grid, workspace)
    guard !found.isHopeless else { return false }
    let isMasked = unsafe split != nil
    guard let levels = unsafe GridLevels(found, count: count, grid: grid, isMasked: isMasked, workspace) else {
      return false
    }
    let exceptions = levels.hasExceptions ? unsafe exceptions(count, split, workspace) : []
    guard exceptions.count <= (unsafe split?.stored ?? count) / Self.rarestException else { return false }
    let parameters = GridParameters(
      layout: found.layout, isListed: levels.isListed, low: levels.low, levels: levels.count)
    chunk.beginStage(number, parameters: parameters.encoded(), streams: parameters.streamCount)
    let list = levels.isListed ? BytePlanes.split(levels.listed.map(\.bitPattern), bytes: 4) : []
    unsafe list.withUnsafeBytes { unsafe chunk.append($0, .general) }
    append(found.scales, to: chunk)
    unsafe appendCodes(levels, count, split, to: chunk, workspace)
    unsafe appendSigns(elements, levels, split, to: chunk, workspace)
    unsafe found.corrections.withUnsafeBytes { unsafe chunk.append($0, .symbols) }
    unsafe append(exceptions, elements, split, to: chunk)
    if found.layout.hasOffsets { append(found.offsets, to: chunk) }
    return true
  }

  /// The stored elements that are no products.
  @unsafe private func exceptions(_ count: Int, _ split: ZeroSplit?, _ workspace: EncodingWorkspace) -> [Int] {
    let multiples = unsafe workspace.multiples.raw(2 * count).assumingMemoryBound(to: Int16.self)
    var found: [Int] = []
    for index in 0..<count where unsafe multiples[index] == GridProducts.exception {
      if let split = unsafe split, unsafe split.bitmap[index / 8] >> UInt8(index % 8) & 1 == 0 { continue }
      found.append(index)
    }
    return found
  }

  /// An f32 for each group, by rotated byte plane.
  private func append(_ numbers: [Float], to chunk: ChunkWriter) {
    let planes = unsafe [UInt8](unsafeUninitializedCapacity: 4 * numbers.count) { buffer, initialized in
      unsafe numbers.withUnsafeBytes { words in
        guard let start = words.baseAddress else { return }
        unsafe BytePlanes.splitRotated(start, elements: numbers.count, width: 4, into: buffer.baseAddress!)
      }
      initialized = 4 * numbers.count
    }
    unsafe planes.withUnsafeBytes { bytes in
      for plane in 0..<4 {
        let part = unsafe bytes[(plane * numbers.count)..<((plane + 1) * numbers.count)]
        unsafe chunk.append(UnsafeRawBufferPointer(rebasing: part), .general)
      }
    }
  }

  @unsafe private func appendCodes(
    _ levels: GridLevels, _ count: Int, _ split: ZeroSplit?, to chunk: ChunkWriter, _ workspace: EncodingWorkspace
  ) {
    let codes = unsafe workspace.codes.bytes(count)
    var stored = count
    if let split = unsafe split {
      // Kept ones move to the front.
      stored = 0
      for index in 0..<count where unsafe split.bitmap[index / 8] >> UInt8(index % 8) & 1 == 1 {
        unsafe codes[stored] = codes[index]
        stored += 1
      }
    }
    let radix = RadixCodes(levels: levels.count)
    let packed = unsafe workspace.symbols.bytes(radix.byteCount(stored) + 1)
    unsafe radix.pack(codes, count: stored, into: packed)
    unsafe chunk.append(UnsafeRawBufferPointer(start: packed, count: radix.byteCount(stored)), .general)
  }

  /// The signs of zeros, where the mask does not hold them and some are negative.
  @unsafe private func appendSigns(
    _ elements: Elements, _ levels: GridLevels, _ split: ZeroSplit?, to chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) {
    let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    let count = unsafe elements.count
    guard unsafe split == nil, let zeroCode = levels.zeroCode,
      unsafe ZeroMask.count(elements.start, elements: count, width: elements.type.width, hasSign: true).negative > 0
    else { return unsafe chunk.appendStored(none) }
    // Zeros, and exceptions in their place: all that has the code of zero.
    let bitmap = unsafe workspace.bitmap.bytes((count + 7) / 8 + 8)
    unsafe ByteFlags.differing(from: UInt8(zeroCode), workspace.codes.bytes(count), count: count, into: bitmap)
    let signs = unsafe workspace.signs.bytes((count + 7) / 8 + 1)
    let byteCount = unsafe ZeroMask.splitSigns(
      elements.start, elements: count, width: elements.type.width, bitmap: bitmap, into: signs)
    unsafe chunk.append(UnsafeRawBufferPointer(start: signs, count: byteCount), .noise)
  }

  @unsafe private func append(_ exceptions: [Int], _ elements: Elements, _ split: ZeroSplit?, to chunk: ChunkWriter) {
    var gaps = ByteWriter()
    var words: [UInt8] = []
    let width = unsafe elements.type.width
    var rank = unsafe StoredRank(split?.bitmap)
    var next = 0
    for index in exceptions {
      let place = rank.stored(before: index)
      gaps.varint(place - next)
      next = place + 1
    }
    for plane in 0..<width {
      for index in exceptions { unsafe words.append(elements.bytes[index * width + plane]) }
    }
    unsafe gaps.bytes.withUnsafeBytes { unsafe chunk.append($0, .general) }
    unsafe words.withUnsafeBytes { unsafe chunk.append($0, .general) }
  }
}

extension GridKind {
  /// Nil for types that no grid is looked for in.
  public init?(_ type: ElementType) {
    switch (type.width, type.exponentBits) {
    case (2, 8): self = .bf16
    case (2, 5): self = .f16
    case (4, 8): self = .f32
    default: return nil
    }
  }
}

/// Counts stored elements before positions that rise.
@safe struct StoredRank {
  private let bitmap: UnsafePointer<UInt8>?
  private var byte = 0
  private var before = 0

  /// - Parameter bitmap: one bit per element; nil where all are stored.
  init(_ bitmap: UnsafePointer<UInt8>?) { unsafe self.bitmap = unsafe bitmap }

  mutating func stored(before index: Int) -> Int {
    guard let bitmap = unsafe bitmap else { return index }
    while byte < index / 8 {
      before += unsafe bitmap[byte].nonzeroBitCount
      byte += 1
    }
    return unsafe before + (bitmap[byte] & (1 << UInt8(index % 8) - 1)).nonzeroBitCount
  }
}
