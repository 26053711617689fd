import TensorModel

/// What entries of the directory and local headers have in common, from the flags to the lengths of name and extra fields.
struct ZipHeader {
  let flags: UInt16
  let method: UInt16
  let crc32: UInt32
  let storedBytes: UInt32
  let byteCount: UInt32
  private let nameBytes: Int
  private let extraBytes: Int

  /// Sizes and checksum stand behind the member's bytes.
  static let hasDescriptor: UInt16 = 1 << 3
  static let isUTF8: UInt16 = 1 << 11

  static func parse(_ cursor: inout ByteCursor, _ what: String) throws(ModelError) -> ZipHeader {
    let flags = try cursor.integer(UInt16.self, what)
    let method = try cursor.integer(UInt16.self, what)
    // Time and date.
    _ = try cursor.integer(UInt32.self, what)
    let crc32 = try cursor.integer(UInt32.self, what)
    let storedBytes = try cursor.integer(UInt32.self, what)
    let byteCount = try cursor.integer(UInt32.self, what)
    let nameBytes = Int(try cursor.integer(UInt16.self, what))
    let extraBytes = Int(try cursor.integer(UInt16.self, what))
    return ZipHeader(
      flags: flags, method: method, crc32: crc32, storedBytes: storedBytes, byteCount: byteCount,
      nameBytes: nameBytes, extraBytes: extraBytes)
  }

  /// Reads the name, which comes next.
  func name(_ cursor: inout ByteCursor) throws(ModelError) -> String {
    let start = cursor.offset
    let bytes = try cursor.take(nameBytes, "name")
    let text = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    guard let name = String(exactly: text), flags & Self.isUTF8 != 0 || text.allSatisfy({ $0 < 0x80 }) else {
      throw ModelError(.malformed, "expected a name of ASCII, or of UTF-8 with the flag for it", at: start)
    }
    return name
  }

  /// Reads the extra fields, which come behind the name, for the numbers that 32 bits don't hold.
  func wideNumbers(_ cursor: inout ByteCursor) throws(ModelError) -> ZipWideNumbers {
    let start = cursor.offset
    var fields = ByteCursor(try cursor.take(extraBytes, "extra fields"), origin: start)
    var wide: ZipWideNumbers?
    // Fewer than four bytes at the end are padding, with which some writers align a member.
    while fields.remaining >= 4 {
      let place = fields.offset
      let id = try fields.integer(UInt16.self, "extra field")
      let count = Int(try fields.integer(UInt16.self, "extra field"))
      let content = try fields.take(count, "extra field")
      switch id {
      case ZipWideNumbers.id:
        guard wide == nil else { throw ModelError(.malformed, "two zip64 fields, expected one", at: place) }
        wide = try ZipWideNumbers(content, at: place + 4)
      case Self.otherName: throw ModelError(.unsupported, "an extra field gives it another name", at: place)
      default: break
      }
    }
    return wide ?? ZipWideNumbers()
  }

  /// Info-ZIP's Unicode path.
  private static let otherName: UInt16 = 0x7075
}

/// The numbers of a zip64 field (APPNOTE.TXT, 4.5.3), which stand there in order for those that are full elsewhere.
struct ZipWideNumbers {
  static let id: UInt16 = 0x0001

  private var numbers: [UInt64] = []
  private var place = 0

  init() {}

  init(_ content: RawSpan, at offset: Int) throws(ModelError) {
    place = offset
    var cursor = ByteCursor(content, origin: offset)
    // The number of a part of the archive, of 32 bits, may stand at the end.
    while cursor.remaining >= 8 { numbers.append(try cursor.integer(UInt64.self, "zip64 field")) }
    numbers.reverse()
  }

  /// `number`, or the one that stands for it where it is full.
  mutating func widened(_ number: UInt32) throws(ModelError) -> UInt64 {
    guard number == .max else { return UInt64(number) }
    guard let wide = numbers.popLast() else {
      throw ModelError(.malformed, "expected a number in a zip64 field", at: place)
    }
    return wide
  }
}
