import Encodings
import Kernels
import TensorModel

@testable import Packing

/// A packed file's four parts: header, entries, index (as it decodes) and footer.
struct Outside {
  var header: [UInt8]
  var body: [UInt8]
  var index: [UInt8]

  /// What a header with a sound outside takes.
  static let headerBytes = 256

  init(_ file: [UInt8]) throws(ModelError) {
    let size = PackedFormat.Footer.byteCount
    guard file.count >= size + 8 else { throw ModelError(.malformed, "no room for a footer") }
    let footer = try PackedFormat.Footer.parse(
      unsafe file.span.bytes.extracting((file.count - size)..<file.count), fileByteCount: file.count)
    header = Array(file[..<footer.headerBytes])
    body = Array(file[footer.headerBytes..<footer.indexOffset])
    let stored = Array(file[footer.indexOffset..<(footer.indexOffset + footer.indexStored)])
    index = stored
    if footer.indexBytes != footer.indexStored {
      guard footer.indexBytes <= 1 << 20 else { throw ModelError(.malformed, "a large index") }
      index = try FrameCodec.decompressed(unsafe stored.span.bytes, byteCount: footer.indexBytes)
    }
  }

  /// All entries in one array, with a header that says so.
  init(body: [UInt8], index: [UInt8]) {
    self.body = body
    self.index = index
    let end = body.count + index.count + PackedFormat.Footer.byteCount
    var text = PackedFormat.headerPrefix + "\"}"
    for (name, range) in [("tare:group", 0..<body.count), ("tare:index", body.count..<end)] where !range.isEmpty {
      text += #","\#(name)":{"dtype":"U8","shape":[\#(range.count)],"#
      text += #""data_offsets":[\#(range.lowerBound),\#(range.upperBound)]}"#
    }
    let characters = Array((text + "}").utf8)
    precondition(characters.count <= Self.headerBytes - 8)
    header = [UInt8](repeating: 0, count: 8) + characters
    header += repeatElement(UInt8(ascii: " "), count: Self.headerBytes - header.count)
  }

  /// The file with checksums that hold, and lengths that fit, but for what the header's text says.
  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.integer(UInt64(max(header.count, 8) - 8))
    writer.append(header.dropFirst(8))
    let headerHash = XXH3.hash(writer.bytes)
    let headerBytes = writer.bytes.count
    writer.append(body)
    let footer = PackedFormat.Footer(
      headerBytes: headerBytes, headerHash: headerHash, indexOffset: writer.bytes.count, indexStored: index.count,
      indexBytes: index.count, indexHash: XXH3.hash(index))
    writer.append(index)
    writer.append(footer.encoded())
    return writer.bytes
  }
}
