import TensorModel

/// The header before a member's bytes (APPNOTE.TXT, 4.3.7).
enum ZipLocalHeader {
  static let signature: UInt32 = 0x0403_4B50

  /// Demands that the header says what the directory says, and returns where the member's bytes lie.
  /// - Parameter limit: where they must have ended.
  static func prove(_ entry: ZipEntry, in file: RawSpan, before limit: Int) throws(ModelError) -> Range<Int> {
    let start = entry.headerOffset
    guard start <= limit else {
      throw ModelError(.malformed, "a header at \(start), behind \(limit)", at: entry.offset)
    }
    var cursor = ByteCursor(file.extracting(start..<limit), origin: start)
    guard try cursor.integer(UInt32.self, "local header") == signature else {
      throw ModelError(.malformed, "expected a local header", at: start)
    }
    // The version of who can read it.
    _ = try cursor.integer(UInt16.self, "local header")
    let head = try ZipHeader.parse(&cursor, "local header")
    let name = try head.name(&cursor)
    var wide = try head.wideNumbers(&cursor)
    guard name.utf8.elementsEqual(entry.name.utf8) else {
      throw ModelError(.malformed, "the name '\(name)' stands before it", at: start)
    }
    try demand("flags", found: head.flags, entry.flags, at: start)
    try demand("method", found: head.method, entry.method, at: start)
    if head.flags & ZipHeader.hasDescriptor == 0 {
      try demand("checksum", found: head.crc32, entry.crc32, at: start)
      try demand("size", found: try wide.widened(head.byteCount), entry.byteCount, at: start)
      try demand("stored size", found: try wide.widened(head.storedBytes), entry.storedBytes, at: start)
    }
    guard let count = Int(exactly: entry.storedBytes), count <= cursor.remaining else {
      throw ModelError(.malformed, "\(entry.storedBytes) bytes, \(cursor.remaining) are left", at: cursor.offset)
    }
    return cursor.offset..<(cursor.offset + count)
  }

  private static func demand<Value: Equatable>(
    _ what: String, found: Value, _ expected: Value, at offset: Int
  ) throws(ModelError) {
    guard found == expected else {
      throw ModelError(.malformed, "\(what) \(found) before the member, \(expected) in the directory", at: offset)
    }
  }
}
