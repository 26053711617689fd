public import TensorModel

/// Reads one JSON document (RFC 8259) from front to back as its caller asks for it, and builds no tree.
///
/// Strict: UTF-8 without lone surrogates, no control characters in strings, no leading zeros, nothing behind the document
/// but whitespace. Strings stay where they are until `text` is asked for. Every error names its byte in the file.
///
/// A container is read by `beginObject` and then `nextKey` and one value for as long as there is a key, or by `beginArray`
/// and then one value for as long as `nextElement` says so. Whether a key may come twice is the caller's affair.
public struct JSONScanner: ~Escapable {
  let bytes: Span<UInt8>
  /// The same bytes, for loads of several at once.
  let raw: RawSpan
  /// Where `bytes` begins in the file, for errors.
  let origin: Int
  private let maximumDepth: Int
  /// The next byte to read, counted from the start of `bytes`.
  var position = 0
  private var depth = 0
  /// A container was opened and nothing inside it was read yet.
  private var isAtStart = false

  /// - Parameters:
  ///   - origin: the offset in the file at which `bytes` begins.
  ///   - maximumDepth: how many objects and arrays may lie in one another.
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, origin: Int = 0, maximumDepth: Int = Limits().jsonDepth) {
    self.bytes = Span(_bytes: bytes)
    raw = bytes
    self.origin = origin
    self.maximumDepth = maximumDepth
  }

  /// The offset in the file of the next value, key or sign.
  public var offset: Int {
    mutating get {
      skipWhitespace()
      return origin + position
    }
  }

  public mutating func beginObject(_ what: @autoclosure () -> String) throws(ModelError) {
    try begin(UInt8(ascii: "{"), "an object for \(what())")
  }

  public mutating func beginArray(_ what: @autoclosure () -> String) throws(ModelError) {
    try begin(UInt8(ascii: "["), "an array for \(what())")
  }

  /// The next key of the innermost object, the colon read with it; nil where the object ends.
  public mutating func nextKey() throws(ModelError) -> JSONString? {
    guard try hasNext(before: UInt8(ascii: "}")) else { return nil }
    let key = try string("a key")
    skipWhitespace()
    guard take(UInt8(ascii: ":")) else { throw unexpected("':' behind the key") }
    return key
  }

  /// Whether another element of the innermost array follows; false where the array ends.
  public mutating func nextElement() throws(ModelError) -> Bool { try hasNext(before: UInt8(ascii: "]")) }

  /// An integer from 0 to 2^64 − 1, written as digits alone.
  public mutating func unsignedInteger(_ what: @autoclosure () -> String) throws(ModelError) -> UInt64 {
    skipWhitespace()
    let start = position
    var value: UInt64 = 0
    var overflows = false
    while position < bytes.count, let digit = bytes[position].decimalDigit {
      let (tens, first) = value.multipliedReportingOverflow(by: 10)
      let (sum, second) = tens.addingReportingOverflow(UInt64(digit))
      overflows = overflows || first || second
      value = sum
      position += 1
    }
    let hasLeadingZero = position - start > 1 && bytes[start] == UInt8(ascii: "0")
    guard position > start, !overflows, !hasLeadingZero, !continuesNumber else {
      position = start
      throw unexpected("an integer from 0 to 2^64 - 1 for \(what())")
    }
    return value
  }

  /// Reads `null` if it is what follows.
  public mutating func takeNull() -> Bool {
    skipWhitespace()
    return take(literal: "null")
  }

  /// Demands that the document ends here.
  public mutating func end(of what: @autoclosure () -> String) throws(ModelError) {
    skipWhitespace()
    guard position == bytes.count else { throw unexpected("nothing behind \(what())") }
  }

  /// The error that what follows is not `expected`.
  public func unexpected(_ expected: String) -> ModelError {
    ModelError(.malformed, "expected \(expected), found \(nextShown)", at: origin + position)
  }
}

extension JSONScanner {
  private mutating func begin(_ sign: UInt8, _ expected: @autoclosure () -> String) throws(ModelError) {
    skipWhitespace()
    guard take(sign) else { throw unexpected(expected()) }
    depth += 1
    guard depth <= maximumDepth else {
      throw ModelError(.malformed, "JSON nests deeper than \(maximumDepth) levels", at: origin + position - 1)
    }
    isAtStart = true
  }

  private mutating func hasNext(before close: UInt8) throws(ModelError) -> Bool {
    skipWhitespace()
    if take(close) {
      depth -= 1
      isAtStart = false
      return false
    }
    if isAtStart {
      isAtStart = false
    } else if !take(UInt8(ascii: ",")) {
      throw unexpected("',' or '\(Unicode.Scalar(close))'")
    }
    return true
  }

  @inline(__always) mutating func skipWhitespace() {
    while position < bytes.count, bytes[position].isJSONWhitespace { position += 1 }
  }

  @inline(__always) mutating func take(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  mutating func take(literal: String) -> Bool {
    guard starts(with: literal) else { return false }
    position += literal.utf8.count
    return true
  }

  func starts(with literal: String) -> Bool {
    guard bytes.count - position >= literal.utf8.count else { return false }
    var index = position
    for byte in literal.utf8 {
      guard bytes[index] == byte else { return false }
      index += 1
    }
    return true
  }

  /// Whether the byte behind some digits makes them a part of a longer number or word.
  private var continuesNumber: Bool {
    guard position < bytes.count else { return false }
    switch bytes[position] {
    case UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      return true
    default: return false
    }
  }

  /// The next sign or word, for errors.
  private var nextShown: String {
    guard position < bytes.count else { return "the end" }
    var shown = ""
    var index = position
    while index < bytes.count, bytes[index].isWordCharacter, index - position < 24 {
      shown.unicodeScalars.append(Unicode.Scalar(bytes[index]))
      index += 1
    }
    if !shown.isEmpty { return "'\(shown)'" }
    switch bytes[position] {
    case 0x21..<0x7F: return "'\(Unicode.Scalar(bytes[position]))'"
    case 0x20: return "a space"
    default:
      let digits = String(bytes[position], radix: 16, uppercase: true)
      return "byte 0x" + (digits.count == 1 ? "0" : "") + digits
    }
  }
}

extension UInt8 {
  /// What the byte is worth as a decimal digit.
  var decimalDigit: UInt8? {
    let value = self &- UInt8(ascii: "0")
    return value < 10 ? value : nil
  }

  fileprivate var isJSONWhitespace: Bool {
    self <= 0x20 && (self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D)
  }

  /// Digits, letters and what else stands in a number.
  fileprivate var isWordCharacter: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
