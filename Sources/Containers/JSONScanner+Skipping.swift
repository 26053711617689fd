public import TensorModel

extension JSONScanner {
  /// What a value is by its first byte.
  public enum Kind: Sendable {
    case object, array, string
    /// A number, a boolean, null, or none of JSON.
    case other
  }

  /// What the next value is, without reading it.
  public var nextKind: Kind {
    mutating get {
      skipWhitespace()
      guard position < bytes.count else { return .other }
      switch bytes[position] {
      case UInt8(ascii: "{"): return .object
      case UInt8(ascii: "["): return .array
      case UInt8(ascii: "\""): return .string
      default: return .other
      }
    }
  }

  /// Reads any value and forgets it, held to the same grammar and depth as one that is kept.
  public mutating func skipValue() throws(ModelError) {
    skipWhitespace()
    guard position < bytes.count else { throw unexpected("a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"):
      // As deep as the documents may nest, which `beginObject` and `beginArray` see to.
      try beginObject("a value")
      while try nextKey() != nil { try skipValue() }
    case UInt8(ascii: "["):
      try beginArray("a value")
      while try nextElement() { try skipValue() }
    case UInt8(ascii: "\""):
      _ = try string("a value")
    default:
      guard takeNull() || take(literal: "true") || take(literal: "false") else { return try skipNumber() }
    }
  }

  /// A number, `true` or `false`, as it stands.
  public mutating func literal(_ what: @autoclosure () -> String) throws(ModelError) -> String {
    skipWhitespace()
    let start = position
    if !take(literal: "true"), !take(literal: "false") {
      do throws(ModelError) { try skipNumber() } catch { throw unexpected("a number or a boolean for \(what())") }
    }
    return String(copying: try! UTF8Span(validating: bytes.extracting(start..<position)))
  }

  private mutating func skipNumber() throws(ModelError) {
    let start = position
    _ = take(UInt8(ascii: "-"))
    let integerStart = position
    var isSound = skipDigits() && !(position - integerStart > 1 && bytes[integerStart] == UInt8(ascii: "0"))
    if take(UInt8(ascii: ".")) { isSound = skipDigits() && isSound }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "-")) { _ = take(UInt8(ascii: "+")) }
      isSound = skipDigits() && isSound
    }
    guard isSound else {
      position = start
      throw unexpected("a value")
    }
  }

  /// Whether there was at least one digit.
  private mutating func skipDigits() -> Bool {
    let start = position
    while position < bytes.count, bytes[position].decimalDigit != nil { position += 1 }
    return position > start
  }
}
