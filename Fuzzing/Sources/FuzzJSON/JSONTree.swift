import FuzzSupport
import TensorModel

@testable import Containers

/// A JSON document as a tree: what the scanner itself never builds.
indirect enum JSONTree: Equatable {
  case null
  case boolean(Bool)
  /// As it stands.
  case number([UInt8])
  /// As scalars: `String` takes two spellings of é for one.
  case string([Unicode.Scalar])
  case array([JSONTree])
  case object([Member])

  struct Member: Equatable {
    var key: [Unicode.Scalar]
    var value: JSONTree
  }

  static func read(_ document: RawSpan) throws(ModelError) -> JSONTree {
    var scanner = JSONScanner(document)
    let tree = try read(&scanner)
    try scanner.end(of: "the document")
    return tree
  }

  private static func read(_ scanner: inout JSONScanner) throws(ModelError) -> JSONTree {
    scanner.skipWhitespace()
    if scanner.starts(with: "{") {
      try scanner.beginObject("a value")
      var members: [Member] = []
      while let key = try scanner.nextKey() {
        members.append(Member(key: text(of: key, scanner), value: try read(&scanner)))
      }
      return .object(members)
    }
    if scanner.starts(with: "[") {
      try scanner.beginArray("a value")
      var elements: [JSONTree] = []
      while try scanner.nextElement() { elements.append(try read(&scanner)) }
      return .array(elements)
    }
    if scanner.starts(with: "\"") { return .string(text(of: try scanner.string("a value"), scanner)) }
    if scanner.takeNull() { return .null }
    if scanner.take(literal: "true") { return .boolean(true) }
    if scanner.take(literal: "false") { return .boolean(false) }
    return .number(try number(&scanner))
  }

  private static func text(of string: JSONString, _ scanner: borrowing JSONScanner) -> [Unicode.Scalar] {
    let text = scanner.text(string)
    demand(scanner.text(string, equals: "dtype") == (text == "dtype"), "'dtype' is found whatever its escapes")
    return Array(text.unicodeScalars)
  }

  /// A number, and where it is an unsigned integer, the value that the scanner makes of it.
  private static func number(_ scanner: inout JSONScanner) throws(ModelError) -> [UInt8] {
    let start = scanner.position
    var integers = scanner
    let integer = try? integers.unsignedInteger("a value")
    try scanner.skipValue()
    let digits = (start..<scanner.position).map { scanner.bytes[$0] }
    if let integer {
      demand(Array(String(integer).utf8) == digits, "\(integer) is what stands there")
    } else if digits.first != UInt8(ascii: "-"), scanner.offset == scanner.bytes.count {
      demand(UInt64(String(decoding: digits, as: UTF8.self)) == nil, "\(digits) is an integer")
    }
    return digits
  }

  /// A text of the tree in which every character of a string is escaped that can be.
  var written: [UInt8] {
    switch self {
    case .null: Array("null".utf8)
    case .boolean(let value): Array("\(value)".utf8)
    case .number(let digits): digits
    case .string(let scalars): Self.quoted(scalars)
    case .array(let elements): Array("[".utf8) + elements.map(\.written).joined(separator: [0x2C]) + Array("]".utf8)
    case .object(let members):
      Array("{".utf8) + members.map { Self.quoted($0.key) + [0x3A] + $0.value.written }.joined(separator: [0x2C])
        + Array("}".utf8)
    }
  }

  private static func quoted(_ scalars: [Unicode.Scalar]) -> [UInt8] {
    var text = "\""
    for scalar in scalars {
      for unit in UTF16.encode(scalar)! {
        let digits = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return Array((text + "\"").utf8)
  }
}
