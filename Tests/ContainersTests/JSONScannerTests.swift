internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct JSONScannerTests {
  /// Whether the whole of `text` is one value.
  private func skip(_ text: [UInt8], depth: Int = 128) throws(ModelError) {
    var scanner = JSONScanner(text.rawSpan, maximumDepth: depth)
    try scanner.skipValue()
    try scanner.end(of: "the value")
  }

  private func string(_ text: [UInt8]) throws(ModelError) -> String {
    var scanner = JSONScanner(text.rawSpan)
    let string = try scanner.string("a test")
    try scanner.end(of: "the test")
    return scanner.text(string)
  }

  private func integer(_ text: String) throws(ModelError) -> UInt64 {
    let bytes = Array(text.utf8)
    var scanner = JSONScanner(bytes.rawSpan)
    let value = try scanner.unsignedInteger("a test")
    try scanner.end(of: "the test")
    return value
  }

  @Test(arguments: [
    "null", "true", "false", "0", "-0", "12", "-1.5e-3", "1E+9", "\"\"", "[]", "{}", " [ 1 , [ ] , { } ] ",
    "{\"a\":{\"b\":[1,2,{\"c\":null}]},\"a\":1}", "\t\r\n1 ",
  ])
  func everyValueOfTheGrammarIsSkipped(text: String) throws { try skip(Array(text.utf8)) }

  @Test(arguments: [
    "", " ", "nul", "nulll", "True", "01", "-", "-01", "1.", ".5", "1e", "1e+", "+1", "0x1", "NaN", "[", "]", "[1",
    "[1,",
    "[1,]", "[,1]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{1:2}", "{\"a\" 1}", "[}", "{]",
    "1 2",
    "\"", "\"\\\"", "\"\\x\"", "\"\\u00g0\"", "'a'", "/**/1",
  ])
  func whatTheGrammarLacksIsRefused(text: String) {
    #expect(failure { try skip(Array(text.utf8)) }?.code == .malformed)
  }

  @Test func nestingEndsAtTheLimit() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth)
    }
    try skip(nested(128))
    #expect(failure { try skip(nested(129)) }?.description == "JSON nests deeper than 128 levels (at byte 128)")
    #expect(failure { try skip(nested(1_000_000)) }?.byteOffset == 128)
    #expect(failure { try skip(Array(repeating: UInt8(ascii: "["), count: 1_000_000)) }?.byteOffset == 128)
    try skip(Array("[[],[],[[]]]".utf8), depth: 3)
    #expect(failure { try skip(Array("[[],[],[[[]]]]".utf8), depth: 3) }?.byteOffset == 9)
  }

  @Test func integersAreExactToTheLastOf64Bits() throws {
    #expect(try integer("0") == 0)
    #expect(try integer(" 18446744073709551615 ") == .max)
    for text in ["18446744073709551616", "99999999999999999999", "-0", "1.0", "1e0", "00", "1a", "", "\"1\""] {
      #expect(failure { _ = try integer(text) }?.byteOffset == 0, "\(text)")
    }
  }

  @Test func escapesAreDecoded() throws {
    #expect(
      try string(Array(#""\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\uDE00\u0000""#.utf8)) == "\"\\/\u{8}\u{C}\n\r\tAé😀\0")
    #expect(try string(Array("\"plain é 😀 \u{7F} text that is longer than a word\"".utf8)).hasSuffix("than a word"))
  }

  /// The scan takes eight bytes at once; what ends it may stand anywhere in them.
  @Test(arguments: 0..<24)
  func stringsEndWhereverTheQuoteStands(length: Int) throws {
    for filler in [UInt8(ascii: "a"), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "["), UInt8(ascii: "]"), 0x7F]
    {
      let body = Array(repeating: filler, count: length)
      for rest in 0..<10 {
        var scanner = ([0x22] + body + [0x22] + Array(repeating: 0x20, count: rest))[...]
        #expect(Array(try string(Array(scanner)).utf8) == body)
        scanner[length + 1] = 0x1F
        #expect(failure { _ = try string(Array(scanner)) }?.byteOffset == length + 1)
      }
    }
  }

  @Test(arguments: 0..<20)
  func invalidUTF8IsFoundAtItsByte(position: Int) {
    for bad: [UInt8] in [[0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xFF]] {
      let text = [0x22] + Array(repeating: 0x61, count: position) + bad + [0x22]
      #expect(failure { _ = try string(text) }?.byteOffset == position + 1, "\(bad)")
    }
  }

  @Test func keysAreComparedDecoded() throws {
    let text = Array(#"{"shape":1,"sh\u0061pe":2,"shapes":3}"#.utf8)
    var scanner = JSONScanner(text.rawSpan)
    try scanner.beginObject("a test")
    var verdicts: [Bool] = []
    while let key = try scanner.nextKey() {
      verdicts.append(scanner.text(key, equals: "shape"))
      _ = try scanner.unsignedInteger("a value")
    }
    #expect(verdicts == [true, true, false])
  }

  @Test func errorsCountFromTheStartOfTheFile() {
    let text = Array("{\"a\" 1}".utf8)
    var scanner = JSONScanner(text.rawSpan, origin: 1000)
    do throws(ModelError) {
      try scanner.skipValue()
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.description == "expected ':' behind the key, found '1' (at byte 1005)")
    }
  }
}
