import Kernels
public import TensorModel

/// Elements of which few differ: their list, and codes (`formats/encodings/palette.md`).
public struct PaletteEncoding: ValueEncoding {
  public let id = "palette"
  public let summary = "few distinct elements: their list, and codes"

  /// Distinct elements of a chunk.
  static let largest = 4096

  public func accepts(_ type: ElementType) -> Bool { true }

  @unsafe public func encode(
    _ elements: Elements, shared: SharedStreams, as number: Int, into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) -> Bool {
    let width = unsafe elements.type.width
    let count = unsafe elements.count
    let places = unsafe workspace.multiples.raw(2 * count).assumingMemoryBound(to: UInt16.self)
    guard
      let words = unsafe workspace.palette.words(
        of: elements.start, count: count, width: width, atMost: Self.largest, places: places)
    else { return false }
    let isWide = words.count > 256
    var parameters = ByteWriter()
    parameters.byte(UInt8(width))
    parameters.varint(words.count)
    chunk.beginStage(number, parameters: parameters.bytes, streams: isWide ? 3 : 2)
    let planes = BytePlanes.split(words, bytes: width)
    unsafe planes.withUnsafeBytes { unsafe chunk.append($0, .general) }
    let codes = unsafe workspace.codes.bytes(count + 8)
    if isWide {
      for index in 0..<count { unsafe codes[index] = UInt8(truncatingIfNeeded: places[index]) }
      unsafe chunk.append(UnsafeRawBufferPointer(start: codes, count: count), .general)
    }
    let shift: UInt16 = isWide ? 8 : 0
    for index in 0..<count { unsafe codes[index] = UInt8(truncatingIfNeeded: places[index] >> shift) }
    let radix = Self.radix(words.count)
    let packed = unsafe workspace.symbols.bytes(radix.byteCount(count) + 1)
    unsafe radix.pack(codes, count: count, into: packed)
    unsafe chunk.append(UnsafeRawBufferPointer(start: packed, count: radix.byteCount(count)), .general)
    return true
  }

  /// How the codes of that many words are packed, or their high bytes.
  private static func radix(_ words: Int) -> RadixCodes {
    RadixCodes(levels: words > 256 ? (words + 255) / 256 : words)
  }

  @unsafe public func decode(
    _ stage: StageReader, shared: SharedStreams, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let (width, listed) = try Self.parameters(stage.parameters)
    guard target.count % width == 0 else {
      throw ModelError(.malformed, "\(target.count) bytes in elements of \(width) bytes")
    }
    let count = target.count / width
    let isWide = listed > 256
    try stage.expectStreams(isWide ? 3...3 : 2...2)
    guard count > 0 else { return }
    let planes = try unsafe stage.stream(0, byteCount: listed * width)
    let words = unsafe BytePlanes.joined(planes, of: UInt64.self, count: listed, bytes: width)
    guard zip(words, words.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw ModelError(.malformed, "the elements of a palette are not ascending")
    }
    let radix = Self.radix(listed)
    let packed = try unsafe stage.stream(isWide ? 2 : 1, byteCount: radix.byteCount(count))
    let codes = unsafe workspace.codes.bytes(count + 8)
    let source = unsafe packed.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(codes)
    guard unsafe radix.unpack(source, count: count, into: codes) else {
      throw ModelError(.malformed, "a code beyond the \(listed) elements of a palette")
    }
    let isWhole: Bool
    if isWide {
      let low = try unsafe stage.stream(1, byteCount: count).baseAddress!.assumingMemoryBound(to: UInt8.self)
      isWhole = unsafe Palette.expand(
        codes, low: low, count: count, words: words, width: width, into: target.baseAddress!)
    } else {
      isWhole = unsafe Palette.expand(codes, count: count, words: words, width: width, into: target.baseAddress!)
    }
    guard isWhole else { throw ModelError(.malformed, "a code beyond the \(listed) elements of a palette") }
  }

  private static func parameters(_ bytes: [UInt8]) throws(ModelError) -> (width: Int, words: Int) {
    var cursor = unsafe ByteCursor(bytes.span.bytes)
    let width = Int(try cursor.byte("the width of a palette"))
    let words = try cursor.varint("the size of a palette")
    guard [1, 2, 4, 8].contains(width), (1...largest).contains(words), cursor.remaining == 0 else {
      throw ModelError(.malformed, "'palette' has the parameters \(bytes)")
    }
    return (width, words)
  }
}
