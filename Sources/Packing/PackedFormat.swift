import Kernels
import TensorModel

/// The fixed parts of a packed file (`formats/packed.md`).
enum PackedFormat {
  static let version: UInt64 = 0
  /// How the header of a packed file of any version begins.
  static let headerMark = #"{"__metadata__":{"format":"tare","tare.version":""#
  /// How the header of a packed file of this version begins.
  static let headerPrefix = headerMark + #"0","tare.requires":""#
  /// The feature of files with tensors that are differences from those of a base.
  static let deltaFeature = "delta"
  /// What follows the list of features where zeros were made positive, in front of their count.
  static let canonicalZeroMark = #"","tare.canonical_zero":""#
  static let magic: [UInt8] = [0x89, 0x54, 0x41, 0x52, 0x45, 0x0D, 0x0A, 0x1A]
  /// Dense bytes from which an entry gets an array of its own on the outside.
  static let ownArrayBytes = 1 << 20
  static let maximumOwnArrays = 100_000
  static let labelBytes = 200

  /// The last 72 bytes of the file: where the index is, and the checksums of header and index.
  struct Footer: Hashable {
    static let byteCount = 72

    var headerBytes: Int
    var headerHash: UInt64
    var indexOffset: Int
    var indexStored: Int
    var indexBytes: Int
    var indexHash: UInt64

    func encoded() -> [UInt8] {
      var writer = ByteWriter()
      writer.integer(UInt64(headerBytes))
      writer.integer(headerHash)
      writer.integer(UInt64(indexOffset))
      writer.integer(UInt64(indexStored))
      writer.integer(UInt64(indexBytes))
      writer.integer(indexHash)
      writer.integer(PackedFormat.version)
      writer.integer(XXH3.hash(writer.bytes))
      writer.append(PackedFormat.magic)
      return writer.bytes
    }

    /// Proves the footer's own hash, its version, and that the places that it names tile the file.
    static func parse(_ bytes: RawSpan, fileByteCount: Int) throws(ModelError) -> Footer {
      let origin = fileByteCount - byteCount
      var cursor = ByteCursor(bytes, origin: origin)
      var fields: [UInt64] = []
      for _ in 0..<8 { fields.append(try cursor.integer(UInt64.self, "the footer")) }
      for expected in PackedFormat.magic {
        guard try cursor.byte("the footer") == expected else {
          throw ModelError(
            .malformed, "the packed file does not end with its mark: it is truncated or damaged", at: origin + 64)
        }
      }
      guard XXH3.hash(bytes.extracting(first: 56)) == fields[7] else {
        throw ModelError(.malformed, "the checksum of the footer does not hold", at: origin)
      }
      guard fields[6] == PackedFormat.version else {
        throw ModelError(
          .unsupported, "packed file of version \(fields[6]), this build reads version 0", at: origin + 48)
      }
      let footer = Footer(
        headerBytes: Int(clamping: fields[0]), headerHash: fields[1], indexOffset: Int(clamping: fields[2]),
        indexStored: Int(clamping: fields[3]), indexBytes: Int(clamping: fields[4]), indexHash: fields[5])
      let (end, overflow) = footer.indexOffset.addingReportingOverflow(footer.indexStored)
      guard !overflow, end == origin, footer.headerBytes >= 8, footer.headerBytes <= footer.indexOffset else {
        throw ModelError(
          .malformed,
          "header of \(fields[0]) bytes and index at \(fields[2]) of \(fields[3]) bytes do not tile the file",
          at: origin)
      }
      // The stored bytes lie in the file, so the product is far from overflowing.
      guard footer.indexBytes <= 65536 + 256 * footer.indexStored else {
        throw ModelError(
          .malformed, "an index of \(footer.indexStored) bytes claims to decode to \(footer.indexBytes)",
          at: origin + 32)
      }
      return footer
    }
  }
}
