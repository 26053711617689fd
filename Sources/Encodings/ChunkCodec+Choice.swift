public import TensorModel

/// What stored chunks are, without decoding them.
extension ChunkCodec {
  /// The element that fills a whole stored chunk, where that is how it is stored.
  public static func repeatedElement(
    _ stored: RawSpan, names: [String], denseBytes: Int
  ) throws(ModelError) -> [UInt8]? {
    ConstantEncoding.element(of: try StoredChunk(stored, denseBytes: denseBytes), names: names, denseBytes: denseBytes)
  }

  /// Bytes from the start of a stored chunk that are enough for `choice`.
  public static let choiceBytes = 96

  /// What a stored chunk names.
  /// - Parameter start: its first `choiceBytes` bytes, or all where there are fewer.
  public static func choice(_ start: RawSpan, names: [String]) throws(ModelError) -> ChunkChoice {
    let found = try StoredChunk.encodings(start)
    let mask = try name(found.mask, names)
    let value = try name(found.value, names)
    let inner: Int
    switch mask {
    case "rows": inner = try RowOrder.parse(found.parameters).mask
    case "sorted": inner = try SortedEncoding.parse(found.parameters).mask
    default: return ChunkChoice(mask: mask, value: value)
    }
    var choice = ChunkChoice(mask: try name(inner, names), value: value)
    choice.order = mask
    return choice
  }

  /// Whether the elements of a stored chunk are the base's, wherever its mask keeps them.
  public static func holdsBase(_ stored: RawSpan, names: [String], denseBytes: Int) throws(ModelError) -> Bool {
    let value = try StoredChunk(stored, denseBytes: denseBytes).value
    return try name(value.encoding, names) == "delta" && DeltaEncoding.isEqual(value.parameters)
  }
}
