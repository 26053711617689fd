/// Writes one JSON document, members in the order in which they are given.
///
/// `pretty` puts each member on its own line, indented by two spaces; scalars in an array stay on one line.
public struct JSONText: Sendable {
  private var utf8: [UInt8] = []
  private let pretty: Bool
  private var depth = 0
  private var needsComma = false
  private var inlineDepth = 0

  public init(pretty: Bool = true) { self.pretty = pretty }

  /// The bytes that were written so far.
  public var bytes: [UInt8] { utf8 }
  /// The same as a string; O(n).
  public var text: String { String(decoding: utf8, as: UTF8.self) }

  public mutating func object(_ key: String? = nil, _ body: (inout JSONText) -> Void) {
    nested(key, "{", "}", inline: false, body)
  }

  public mutating func array(_ key: String? = nil, inline: Bool = false, _ body: (inout JSONText) -> Void) {
    nested(key, "[", "]", inline: inline, body)
  }

  public mutating func string(_ key: String? = nil, _ value: String) {
    begin(key)
    quote(value)
  }

  public mutating func integer(_ key: String? = nil, _ value: some BinaryInteger) {
    begin(key)
    write(String(value))
  }

  /// The common case, which is faster than the general one.
  public mutating func integer(_ key: String? = nil, _ value: Int) {
    begin(key)
    write(String(value))
  }

  /// The shortest decimal that reads back as the same double; the strings "nan", "inf" and "-inf" for what JSON lacks.
  public mutating func number(_ key: String? = nil, _ value: Double) {
    begin(key)
    if value.isFinite {
      write("\(value)")
    } else {
      quote(value.isNaN ? "nan" : value < 0 ? "-inf" : "inf")
    }
  }

  public mutating func bool(_ key: String? = nil, _ value: Bool) {
    begin(key)
    write(value ? "true" : "false")
  }

  /// A text that is a JSON value as it stands.
  public mutating func literal(_ key: String? = nil, _ value: String) {
    begin(key)
    write(value)
  }

  public mutating func null(_ key: String? = nil) {
    begin(key)
    write("null")
  }

  private mutating func nested(
    _ key: String?, _ open: String, _ close: String, inline: Bool, _ body: (inout JSONText) -> Void
  ) {
    begin(key)
    write(open)
    depth += 1
    if inline { inlineDepth += 1 }
    let mark = utf8.count
    needsComma = false
    body(&self)
    depth -= 1
    if utf8.count != mark { newline() }
    if inline { inlineDepth -= 1 }
    write(close)
    needsComma = true
  }

  private mutating func begin(_ key: String?) {
    if needsComma { write(inlineDepth > 0 && pretty ? ", " : ",") }
    if depth > 0 { newline() }
    if let key {
      quote(key)
      write(pretty ? ": " : ":")
    }
    needsComma = true
  }

  private mutating func newline() {
    guard pretty, inlineDepth == 0 else { return }
    write("\n")
    for _ in 0..<depth { write("  ") }
  }

  private mutating func write(_ string: String) { utf8.append(contentsOf: string.utf8) }

  private mutating func quote(_ value: String) {
    write("\"")
    defer { write("\"") }
    guard value.utf8.contains(where: \.isEscapedInJSON) else { return write(value) }
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": write("\\\"")
      case "\\": write("\\\\")
      case "\n": write("\\n")
      case "\r": write("\\r")
      case "\t": write("\\t")
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        write("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
      default: write(String(scalar))
      }
    }
  }
}

extension UInt8 {
  /// Whether a quoted string can't hold the byte as it is.
  fileprivate var isEscapedInJSON: Bool {
    self < 0x20 || self == UInt8(ascii: "\"") || self == UInt8(ascii: "\\") || self == 0x7F
  }
}
