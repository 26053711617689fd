import TensorModel

/// A member of a ZIP archive that is written: stored, as Keras stores them, without a time.
package struct ZipStoredMember: Sendable {
  package var name: String
  package var crc32: UInt32 = 0
  package var byteCount: Int = 0
  /// Where its local header lies.
  package var offset: Int
  /// Whether its sizes stand in zip64 fields.
  package var isWide: Bool

  package init(name: String, offset: Int, isWide: Bool) {
    self.name = name
    self.offset = offset
    self.isWide = isWide
  }

  /// The header in front of its bytes (APPNOTE.TXT, 4.3.7), whose length does not depend on sizes and checksum.
  package var localHeader: [UInt8] {
    var writer = ByteWriter()
    writer.integer(ZipLocalHeader.signature)
    writer.integer(version)
    writeHead(extraBytes: isWide ? 20 : 0, to: &writer)
    writer.append(name.utf8)
    if isWide { writeWideNumbers([byteCount, byteCount], to: &writer) }
    return writer.bytes
  }

  /// What the central directory says of it (APPNOTE.TXT, 4.3.12).
  var entry: [UInt8] {
    let isFar = offset >= UInt32.max
    let wide = (isWide ? [byteCount, byteCount] : []) + (isFar ? [offset] : [])
    var writer = ByteWriter()
    writer.integer(ZipEntry.signature)
    // Made on Unix.
    writer.integer(version | 3 << 8)
    writer.integer(version)
    writeHead(extraBytes: wide.isEmpty ? 0 : 4 + 8 * wide.count, to: &writer)
    // No comment, the first part, no attributes; a file that its owner reads and writes.
    writer.append([0, 0, 0, 0, 0, 0])
    writer.integer(UInt32(0o100600) << 16)
    writer.integer(isFar ? .max : UInt32(offset))
    writer.append(name.utf8)
    if !wide.isEmpty { writeWideNumbers(wide, to: &writer) }
    return writer.bytes
  }

  /// Of who can read it: 4.5 knows zip64.
  private var version: UInt16 { isWide || offset >= UInt32.max ? 45 : 20 }

  private func writeHead(extraBytes: Int, to writer: inout ByteWriter) {
    let isASCII = name.utf8.allSatisfy { $0 < 0x80 }
    writer.integer(isASCII ? 0 : ZipHeader.isUTF8)
    writer.integer(ZipMember.Method.stored.rawValue)
    // Midnight of 1 January 1980, the first day that there is.
    writer.integer(UInt32(0x0021) << 16)
    writer.integer(crc32)
    for _ in 0..<2 { writer.integer(isWide ? .max : UInt32(byteCount)) }
    writer.integer(UInt16(name.utf8.count))
    writer.integer(UInt16(extraBytes))
  }

  private func writeWideNumbers(_ numbers: [Int], to writer: inout ByteWriter) {
    writer.integer(ZipWideNumbers.id)
    writer.integer(UInt16(8 * numbers.count))
    for number in numbers { writer.integer(UInt64(number)) }
  }
}

/// The end of a ZIP archive that is written.
package enum ZipText {
  /// The central directory and what says where it is (APPNOTE.TXT, 4.3.12 to 4.3.16).
  /// - Parameter start: where the directory lies.
  package static func directory(_ members: [ZipStoredMember], at start: Int) -> [UInt8] {
    var writer = ByteWriter()
    for member in members { writer.append(member.entry) }
    let byteCount = writer.bytes.count
    let isWide = start >= UInt32.max || byteCount >= UInt32.max || members.count >= UInt16.max
    if isWide { writeWideEnd(members.count, byteCount, start, to: &writer) }
    writer.integer(ZipDirectory.endSignature)
    writer.integer(UInt32(0))
    for _ in 0..<2 { writer.integer(isWide ? .max : UInt16(members.count)) }
    writer.integer(isWide ? .max : UInt32(byteCount))
    writer.integer(isWide ? .max : UInt32(start))
    writer.integer(UInt16(0))
    return writer.bytes
  }

  private static func writeWideEnd(_ count: Int, _ byteCount: Int, _ start: Int, to writer: inout ByteWriter) {
    let place = start + writer.bytes.count
    writer.integer(ZipDirectory.wideSignature)
    // The bytes behind this number; versions of who made it and of who can read it; the first part twice.
    writer.integer(UInt64(44))
    writer.integer(UInt16(45 | 3 << 8))
    writer.integer(UInt16(45))
    writer.integer(UInt64(0))
    for number in [count, count, byteCount, start] { writer.integer(UInt64(number)) }
    writer.integer(ZipDirectory.locatorSignature)
    writer.integer(UInt32(0))
    writer.integer(UInt64(place))
    // Of one part.
    writer.integer(UInt32(1))
  }
}
