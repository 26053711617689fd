public import TensorModel

/// A string of a JSON document where it stands, proved to be well formed but not yet decoded.
public struct JSONString: Sendable {
  /// The bytes between the quotes, counted from the start of the scanner's bytes.
  let range: Range<Int>
  let hasEscapes: Bool
}

extension JSONScanner {
  public mutating func string(_ what: @autoclosure () -> String) throws(ModelError) -> JSONString {
    skipWhitespace()
    guard take(UInt8(ascii: "\"")) else { throw unexpected("a string for \(what())") }
    let start = position
    var hasEscapes = false
    var mayLeaveASCII = false
    while true {
      mayLeaveASCII = skipPlainCharacters() || mayLeaveASCII
      guard position < bytes.count else {
        throw ModelError(.malformed, "the string that begins here does not end", at: origin + start - 1)
      }
      switch bytes[position] {
      case UInt8(ascii: "\""):
        let range = start..<position
        if mayLeaveASCII { try demandUTF8(range) }
        position += 1
        return JSONString(range: range, hasEscapes: hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        _ = try takeEscape()
      default:
        throw unexpected("no control character in a string")
      }
    }
  }

  /// The decoded string.
  public func text(_ string: JSONString) -> String {
    if string.hasEscapes { return unescaped(string) }
    do {
      return String(copying: try UTF8Span(validating: bytes.extracting(string.range)))
    } catch {
      preconditionFailure("a scanned string is UTF-8")
    }
  }

  /// Whether the decoded string is `text`, which must be ASCII.
  public func text(_ string: JSONString, equals text: StaticString) -> Bool {
    if string.hasEscapes { return unescaped(string) == text.description }
    guard string.range.count == text.utf8CodeUnitCount else { return false }
    return text.withUTF8Buffer { expected in
      for index in 0..<expected.count
      where unsafe bytes[string.range.lowerBound + index] != expected[index] { return false }
      return true
    }
  }

  /// The offset in the file of the string's opening quote.
  public func offset(of string: JSONString) -> Int { origin + string.range.lowerBound - 1 }
}

extension JSONScanner {
  /// Moves to the next quote, backslash or control character, or to the end; true if a byte of 0x80 or more may have been
  /// passed. Eight bytes at a time.
  private mutating func skipPlainCharacters() -> Bool {
    var union: UInt64 = 0
    while position + 8 <= bytes.count {
      let word = unsafe UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
      union |= word
      let special = word.hasByte(0x22) | word.hasByte(0x5C) | word.hasByteBelow0x20
      if special != 0 {
        position += special.trailingZeroBitCount / 8
        return union & .highBits != 0
      }
      position += 8
    }
    while position < bytes.count {
      let byte = bytes[position]
      if byte < 0x20 || byte == 0x22 || byte == 0x5C { break }
      union |= UInt64(byte)
      position += 1
    }
    return union & .highBits != 0
  }

  /// Reads one escape and gives the scalar that it stands for; a pair of surrogates is one.
  private mutating func takeEscape() throws(ModelError) -> Unicode.Scalar {
    let start = position
    position += 1
    guard position < bytes.count else { throw unexpected("an escape") }
    let letter = bytes[position]
    if letter != UInt8(ascii: "u") {
      guard let scalar = Self.shortEscapes(letter) else { throw unexpected("an escape") }
      position += 1
      return scalar
    }
    position += 1
    let first = try takeHexDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if first < 0xDC00, take(literal: "\\u") {
      let second = try takeHexDigits()
      if (0xDC00..<0xE000).contains(second) {
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))!
      }
    }
    throw ModelError(
      .malformed, "expected a pair of surrogates, found only \\u\(String(first, radix: 16, uppercase: true))",
      at: origin + start)
  }

  private static func shortEscapes(_ letter: UInt8) -> Unicode.Scalar? {
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): Unicode.Scalar(letter)
    case UInt8(ascii: "b"): "\u{8}"
    case UInt8(ascii: "f"): "\u{C}"
    case UInt8(ascii: "n"): "\n"
    case UInt8(ascii: "r"): "\r"
    case UInt8(ascii: "t"): "\t"
    default: nil
    }
  }

  private mutating func takeHexDigits() throws(ModelError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count, let digit = bytes[position].hexDigit else {
        throw unexpected("four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private func demandUTF8(_ range: Range<Int>) throws(ModelError) {
    do {
      _ = try UTF8Span(validating: bytes.extracting(range))
    } catch {
      let offset = origin + range.lowerBound + error.byteOffsets.lowerBound
      throw ModelError(.malformed, "expected UTF-8 in a string", at: offset)
    }
  }

  private func unescaped(_ string: JSONString) -> String {
    var decoder = self
    decoder.position = string.range.lowerBound
    var utf8: [UInt8] = []
    utf8.reserveCapacity(string.range.count)
    while decoder.position < string.range.upperBound {
      let byte = bytes[decoder.position]
      if byte != UInt8(ascii: "\\") {
        utf8.append(byte)
        decoder.position += 1
      } else if let scalar = try? decoder.takeEscape() {
        utf8 += UTF8.encode(scalar)!
      } else {
        preconditionFailure("a scanned string has sound escapes")
      }
    }
    return String(decoding: utf8, as: UTF8.self)
  }
}

extension UInt8 {
  /// What the byte is worth as a hexadecimal digit of either case.
  var hexDigit: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// Tests of eight bytes at once. A test sets the top bit of each byte for which it holds; above the lowest such byte it may
/// err, below it never does.
extension UInt64 {
  fileprivate static let highBits: UInt64 = 0x8080_8080_8080_8080
  private static let ones: UInt64 = 0x0101_0101_0101_0101

  fileprivate func hasByte(_ byte: UInt8) -> UInt64 {
    let difference = self ^ (Self.ones &* UInt64(byte))
    return (difference &- Self.ones) & ~difference & Self.highBits
  }

  fileprivate var hasByteBelow0x20: UInt64 { (self &- Self.ones &* 0x20) & ~self & Self.highBits }
}
