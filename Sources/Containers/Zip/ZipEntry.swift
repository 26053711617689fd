import TensorModel

/// An entry of the central directory (APPNOTE.TXT, 4.3.12), or what a local header has in common with it.
struct ZipEntry {
  static let signature: UInt32 = 0x0201_4B50
  /// Of an entry without a name.
  static let leastBytes = 46

  let name: String
  let flags: UInt16
  let method: UInt16
  let crc32: UInt32
  let storedBytes: UInt64
  let byteCount: UInt64
  let headerOffset: Int
  /// Where the entry itself begins.
  let offset: Int

  /// Folders are entries without bytes, whose names end so.
  var isFolder: Bool { name.utf8.last == UInt8(ascii: "/") }

  /// Reads the next entry.
  /// - Throws: `malformed` or `unsupported`; see `ZipArchive.parse`.
  static func parse(_ cursor: inout ByteCursor) throws(ModelError) -> ZipEntry {
    let start = cursor.offset
    guard try cursor.integer(UInt32.self, "directory entry") == signature else {
      throw ModelError(.malformed, "expected an entry of the central directory", at: start)
    }
    // Versions of who wrote it and of who can read it.
    _ = try cursor.integer(UInt32.self, "directory entry")
    let head = try ZipHeader.parse(&cursor, "directory entry")
    let commentBytes = Int(try cursor.integer(UInt16.self, "directory entry"))
    let disk = try cursor.integer(UInt16.self, "directory entry")
    // Attributes of the file where it came from.
    _ = try cursor.take(6, "directory entry")
    let headerOffset = try cursor.integer(UInt32.self, "directory entry")
    let name = try head.name(&cursor)
    return try within("member '\(name)'") { () throws(ModelError) in
      guard disk == 0 else { throw ModelError(.unsupported, "lies in another part of the archive", at: start) }
      var wide = try head.wideNumbers(&cursor)
      let byteCount = try wide.widened(head.byteCount)
      let storedBytes = try wide.widened(head.storedBytes)
      let widened = try wide.widened(headerOffset)
      guard let offset = Int(exactly: widened) else {
        throw ModelError(.malformed, "a header at \(widened)", at: start)
      }
      _ = try cursor.take(commentBytes, "comment")
      let entry = ZipEntry(
        name: name, flags: head.flags, method: head.method, crc32: head.crc32, storedBytes: storedBytes,
        byteCount: byteCount, headerOffset: offset, offset: start)
      try entry.demandSupported()
      return entry
    }
  }

  private func demandSupported() throws(ModelError) {
    // Encryption, patches, strong encryption, masked headers.
    guard flags & 0b10_0000_0110_0001 == 0 else {
      throw ModelError(.unsupported, "is encrypted or a patch", at: offset)
    }
    guard let method = ZipMember.Method(rawValue: method) else {
      throw ModelError(.unsupported, "is compressed by method \(method), known: 0 stored, 8 deflated", at: offset)
    }
    guard method == .deflated || storedBytes == byteCount else {
      throw ModelError(.malformed, "stored in \(storedBytes) bytes, expected \(byteCount)", at: offset)
    }
    guard byteCount <= UInt64(Int.max) else { throw ModelError(.malformed, "\(byteCount) bytes", at: offset) }
    guard !isFolder || byteCount == 0 else { throw ModelError(.malformed, "a folder with bytes", at: offset) }
    try ZipName.validate(name)
  }

  /// The member whose bytes lie at `range`; nil for a folder.
  func member(at range: Range<Int>) -> ZipMember? {
    guard !isFolder, let method = ZipMember.Method(rawValue: method), let byteCount = Int(exactly: byteCount) else {
      return nil
    }
    return ZipMember(name: name, method: method, range: range, byteCount: byteCount, crc32: crc32)
  }
}

/// Which names may stand in an archive: those that stay in the folder where it is unpacked, on any system.
private enum ZipName {
  static func validate(_ name: String) throws(ModelError) {
    guard !name.utf8.contains(UInt8(ascii: "\\")) else {
      throw ModelError(.malformed, "path '\(name)' holds a backslash")
    }
    try RelativePath.validate(name.utf8.last == UInt8(ascii: "/") ? String(name.dropLast()) : name)
  }
}
