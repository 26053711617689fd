import TensorModel

/// Where the central directory of an archive lies, as the records at the end of the file say (APPNOTE.TXT, 4.3.14 to
/// 4.3.16).
struct ZipDirectory: Equatable {
  let range: Range<Int>
  let entries: Int

  static let endSignature: UInt32 = 0x0605_4B50
  private static let endBytes = 22
  static let locatorSignature: UInt32 = 0x0706_4B50
  private static let locatorBytes = 20
  static let wideSignature: UInt32 = 0x0606_4B50
  private static let wideBytes = 56

  /// - Throws: `malformed` where there is no end record or more than one, or the directory does not lie right before it;
  ///   `unsupported` where the archive has several parts.
  static func find(in file: RawSpan) throws(ModelError) -> ZipDirectory {
    let end = try findEnd(in: file)
    var cursor = ByteCursor(file.extracting(end..<file.byteCount), origin: end)
    _ = try cursor.integer(UInt32.self, "end record")
    let disks = (try cursor.integer(UInt16.self, "end record"), try cursor.integer(UInt16.self, "end record"))
    let counts = (try cursor.integer(UInt16.self, "end record"), try cursor.integer(UInt16.self, "end record"))
    let byteCount = try cursor.integer(UInt32.self, "end record")
    let offset = try cursor.integer(UInt32.self, "end record")
    let narrow = Claim(
      disks: (UInt32(disks.0), UInt32(disks.1)), counts: (UInt64(counts.0), UInt64(counts.1)),
      byteCount: UInt64(byteCount), offset: UInt64(offset))
    if let wide = try findWide(in: file, before: end) {
      try wide.claim.demandAgrees(with: narrow, at: end)
      return try wide.claim.directory(endingAt: wide.start)
    }
    return try narrow.directory(endingAt: end)
  }

  /// What an end record says.
  private struct Claim {
    var disks: (UInt32, UInt32)
    var counts: (UInt64, UInt64)
    var byteCount: UInt64
    var offset: UInt64

    func directory(endingAt end: Int) throws(ModelError) -> ZipDirectory {
      guard disks == (0, 0), counts.0 == counts.1 else {
        throw ModelError(.unsupported, "an archive in several parts", at: end)
      }
      guard let byteCount = Int(exactly: byteCount), let start = Int(exactly: offset), byteCount <= end,
        start == end - byteCount
      else {
        throw ModelError(
          .malformed, "a directory of \(byteCount) bytes at \(offset), expected one that ends at \(end)", at: end)
      }
      guard counts.0 <= UInt64(byteCount / ZipEntry.leastBytes) else {
        throw ModelError(.malformed, "\(counts.0) members in a directory of \(byteCount) bytes", at: end)
      }
      return ZipDirectory(range: start..<end, entries: Int(counts.0))
    }

    /// Demands of the record of 32 bits that it says the same, or that the number is too large for it.
    func demandAgrees(with narrow: Claim, at end: Int) throws(ModelError) {
      let pairs = [
        (counts.0, narrow.counts.0, UInt64(UInt16.max)), (counts.1, narrow.counts.1, UInt64(UInt16.max)),
        (byteCount, narrow.byteCount, UInt64(UInt32.max)), (offset, narrow.offset, UInt64(UInt32.max)),
      ]
      for (wide, narrow, full) in pairs where narrow != full && narrow != wide {
        throw ModelError(.malformed, "the end records disagree: \(narrow) and \(wide)", at: end)
      }
    }
  }

  /// Where the end record begins: the one place from which it and its comment reach to the end of the file.
  private static func findEnd(in file: RawSpan) throws(ModelError) -> Int {
    var found: Int?
    var place = file.byteCount - endBytes
    let first = max(0, place - Int(UInt16.max))
    while place >= first {
      if word(file, place) == endSignature, half(file, place + 20) == file.byteCount - place - endBytes {
        guard found == nil else { throw ModelError(.malformed, "two end records, expected one", at: place) }
        found = place
      }
      place -= 1
    }
    guard let found else {
      throw ModelError(.malformed, "expected the end record of a ZIP archive", at: file.byteCount)
    }
    return found
  }

  /// The record of 64 bits, where a locator stands before the other record.
  private static func findWide(in file: RawSpan, before end: Int) throws(ModelError) -> (start: Int, claim: Claim)? {
    let locator = end - locatorBytes
    guard locator >= 0, word(file, locator) == locatorSignature else { return nil }
    var cursor = ByteCursor(file.extracting((locator + 4)..<end), origin: locator + 4)
    let disk = try cursor.integer(UInt32.self, "zip64 locator")
    let start = try cursor.integer(UInt64.self, "zip64 locator")
    let disks = try cursor.integer(UInt32.self, "zip64 locator")
    guard disk == 0, disks <= 1 else { throw ModelError(.unsupported, "an archive in several parts", at: locator) }
    guard let start = Int(exactly: start), start <= locator - wideBytes, word(file, start) == wideSignature else {
      throw ModelError(.malformed, "expected the zip64 end record at \(start)", at: locator + 8)
    }
    cursor = ByteCursor(file.extracting((start + 4)..<locator), origin: start + 4)
    let size = try cursor.integer(UInt64.self, "zip64 end record")
    guard size == UInt64(locator - start - 12) else {
      throw ModelError(
        .malformed, "a zip64 end record of \(size) bytes, expected \(locator - start - 12)", at: start + 4)
    }
    // Versions of who wrote it and of who can read it.
    _ = try cursor.integer(UInt32.self, "zip64 end record")
    let parts = (
      try cursor.integer(UInt32.self, "zip64 end record"), try cursor.integer(UInt32.self, "zip64 end record")
    )
    let counts = (
      try cursor.integer(UInt64.self, "zip64 end record"), try cursor.integer(UInt64.self, "zip64 end record")
    )
    let byteCount = try cursor.integer(UInt64.self, "zip64 end record")
    let offset = try cursor.integer(UInt64.self, "zip64 end record")
    return (start, Claim(disks: parts, counts: counts, byteCount: byteCount, offset: offset))
  }

  private static func word(_ file: RawSpan, _ place: Int) -> UInt32 {
    unsafe UInt32(littleEndian: file.unsafeLoadUnaligned(fromByteOffset: place, as: UInt32.self))
  }

  private static func half(_ file: RawSpan, _ place: Int) -> Int {
    unsafe Int(UInt16(littleEndian: file.unsafeLoadUnaligned(fromByteOffset: place, as: UInt16.self)))
  }
}
