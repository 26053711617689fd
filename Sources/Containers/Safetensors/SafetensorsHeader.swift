public import TensorModel

/// The header of a safetensors file, proved once: names are distinct, sizes follow from shapes, and the tensors tile the
/// file's data from its first byte to its last.
public struct SafetensorsHeader: Sendable {
  /// One tensor and where it lies; the format does not align it.
  public typealias Tensor = FileLayout.Tensor

  /// The offset in the file of the first byte of data: 8 and the length of the JSON text.
  public let dataStart: Int
  /// By their place in the file; empty tensors at one place in the order in which the header names them.
  public let tensors: [Tensor]
  /// The metadata in order (`formats/metadata.md`). Where it lies in a tensor, the pairs of `__metadata__` alone until
  /// `readMetadata` is given its bytes.
  public internal(set) var metadata: [MetadataEntry]
  /// The tensor that is metadata rather than a part of the model.
  public internal(set) var metadataTensor: Int?

  /// How the file of that header is cut.
  public var layout: FileLayout {
    FileLayout(
      container: "safetensors", byteCount: tensors.last?.range.upperBound ?? dataStart, tensors: tensors)
  }

  /// Reads and proves the header of a file of `fileByteCount` bytes.
  ///
  /// Takes time linear in the header (and in n log n of its tensors where it does not name them in file order).
  /// - Parameter bytes: the file, or a part from its start that should hold the header whole.
  /// - Throws: `malformed` where the file breaks a rule of the format, is longer or shorter than its header says, or has
  ///   what two readers could understand in two ways; `unsupported` for a dtype that this build does not know.
  public static func parse(
    _ bytes: RawSpan, fileByteCount: Int, limits: Limits = Limits()
  ) throws(ModelError) -> SafetensorsHeader {
    let dataStart = try dataStart(bytes, fileByteCount: fileByteCount, limits: limits)
    guard bytes.byteCount >= dataStart else {
      throw ModelError(.malformed, "a header of \(dataStart - 8) bytes in \(bytes.byteCount) that hold it", at: 0)
    }
    var parser = SafetensorsHeaderParser(limits: limits)
    try parser.parse(bytes.extracting(8..<dataStart))
    let tensors = try SafetensorsLayout.prove(parser.claims, dataStart: dataStart, fileByteCount: fileByteCount)
    var header = SafetensorsHeader(
      dataStart: dataStart, tensors: tensors,
      metadata: parser.metadata.map { MetadataEntry(key: $0.key, value: $0.value) })
    if let typed = parser.typedMetadata { try header.addMetadata(typed, parser.metadata, limits) }
    return header
  }

  /// The offset of the data, from the length that the file begins with.
  private static func dataStart(
    _ bytes: RawSpan, fileByteCount: Int, limits: Limits
  ) throws(ModelError) -> Int {
    guard fileByteCount >= 8 else {
      throw ModelError(.malformed, "a file of \(fileByteCount) bytes, expected at least 8 for the length of the header")
    }
    guard bytes.byteCount >= 8 else {
      throw ModelError(.malformed, "\(bytes.byteCount) bytes that hold a header, expected at least 8", at: 0)
    }
    let length = headerByteCount(bytes)
    guard length <= limits.headerBytes else {
      throw ModelError(.malformed, "a header of \(length) bytes, expected at most \(limits.headerBytes)", at: 0)
    }
    guard length <= fileByteCount - 8 else {
      throw ModelError(
        .malformed, "a header of \(length) bytes, but only \(fileByteCount - 8) follow its length", at: 0)
    }
    return 8 + Int(length)
  }

  /// The little-endian length in the first eight bytes.
  static func headerByteCount(_ bytes: RawSpan) -> UInt64 {
    // Every pattern of bits is an integer; the load checks that the bytes are there.
    unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(as: UInt64.self))
  }
}
