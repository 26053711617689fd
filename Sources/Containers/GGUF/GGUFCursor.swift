import TensorModel

/// The order of the bytes of a number in a file.
public enum ByteOrder: String, Hashable, Sendable {
  case little, big
}

/// Reads the fields of a GGUF header from front to back; every error names its offset.
///
/// Lengths and counts are claims: none is believed beyond the bytes that are there, or beyond the largest header.
struct GGUFCursor: ~Escapable {
  private var cursor: ByteCursor
  let order: ByteOrder
  /// The most bytes of a header.
  private let headerBytes: Int

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, order: ByteOrder, headerBytes: Int) {
    cursor = ByteCursor(bytes)
    self.order = order
    self.headerBytes = headerBytes
  }

  /// The offset in the file of the next byte.
  var offset: Int { cursor.offset }

  mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(
    _ type: Value.Type, _ what: @autoclosure () -> String
  ) throws(ModelError) -> Value {
    let value = try cursor.integer(type, what())
    return order == .little ? value : value.byteSwapped
  }

  /// A count of things of at least `unit` bytes each.
  mutating func count(_ what: @autoclosure () -> String, unit: Int) throws(ModelError) -> Int {
    let start = offset
    let claim = try integer(UInt64.self, what())
    try demand(claim, unit: unit, what(), at: start)
    return Int(claim)
  }

  /// The bytes behind their own count, lent.
  @_lifetime(copy self)
  mutating func counted(_ what: @autoclosure () -> String) throws(ModelError) -> RawSpan {
    let count = try count(what(), unit: 1)
    return try cursor.take(count, what())
  }

  /// `count` things of `unit` bytes each, lent. Their count has been proved.
  @_lifetime(copy self)
  mutating func take(_ count: Int, unit: Int, _ what: @autoclosure () -> String) throws(ModelError) -> RawSpan {
    try cursor.take(count * unit, what())
  }

  /// A name in UTF-8, behind its length; neither a NUL nor another encoding may make it two names to two readers.
  mutating func name(_ what: @autoclosure () -> String) throws(ModelError) -> String {
    let start = offset
    let bytes = try counted(what())
    guard let text = try? UTF8Span(validating: Span(_bytes: bytes)) else {
      throw ModelError(.malformed, "\(what()): expected UTF-8", at: start)
    }
    let name = String(copying: text)
    guard !name.utf8.contains(0) else { throw ModelError(.malformed, "\(what()) holds a NUL", at: start) }
    return name
  }

  private func demand(_ claim: UInt64, unit: Int, _ what: String, at start: Int) throws(ModelError) {
    guard claim <= UInt64(cursor.remaining / unit) else {
      throw ModelError(
        .malformed,
        "\(what): \(claim)\(unit > 1 ? " of at least \(unit) bytes" : ""), with \(cursor.remaining) bytes left",
        at: start)
    }
    // What remains is less than 2^63 bytes, so this does not overflow.
    guard offset + Int(claim) * unit <= headerBytes else {
      throw ModelError(.malformed, "\(what): \(claim) in a header of at most \(headerBytes) bytes", at: start)
    }
  }
}
