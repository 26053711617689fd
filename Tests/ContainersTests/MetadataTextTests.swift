import Foundation
import MemoryModel
import TensorModel
import Testing

@testable import Containers

@Suite struct MetadataTextTests {
  private static func parse(_ text: [UInt8]) throws(ModelError) -> [MetadataEntry] {
    try MetadataText.parse(text.rawSpan, origin: 100)
  }

  @Test func everyValueComesBack() throws {
    var random = SeededRandom("metadata")
    for _ in 0..<400 {
      let list = random.metadata(count: 8)
      let text = MetadataText.write(list)
      #expect(try Self.parse(text) == list)
      // And it is JSON for others.
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(text)) }
    }
  }

  /// NaN payloads, subnormals, −0: every pattern of f16, and the likeliest to be lost of the others.
  @Test func everyBitOfANumberComesBackFromItsText() {
    for bits in 0...UInt16.max {
      let number = MetadataNumber(Float16(bitPattern: bits))
      #expect(MetadataNumber(.f16, text: number.text) == number)
    }
    var random = SeededRandom("numbers")
    for type in MetadataNumber.NumberType.allCases {
      for _ in 0..<5_000 {
        let number = random.metadataNumber(type)
        #expect(MetadataNumber(type, text: number.text) == number)
      }
    }
  }

  /// The example of formats/metadata.md.
  @Test func canonicalFormIsThatOfTheSpecification() throws {
    let list = [
      MetadataEntry(key: "general.name", value: "tiny"),
      MetadataEntry(key: "block_count", value: .number(MetadataNumber(UInt32(2)))),
      MetadataEntry(key: "seed", value: .number(MetadataNumber(UInt64.max))),
      MetadataEntry(
        key: "scores",
        value: .array(try MetadataArray(.numbers(.f32, [0, 0, 0, 0x80, 0, 0, 0xC0, 0x3F, 1, 0, 0xC0, 0x7F])))),
      MetadataEntry(key: "axes", value: .array(try MetadataArray(shape: [2, 0], .numbers(.i8, [])))),
      MetadataEntry(key: "tokens", value: .array(try MetadataArray(.strings(Self.strings([[0x61], [0xFF]]))))),
      MetadataEntry(
        key: "pairs",
        value: .array(
          try MetadataArray(.arrays([MetadataArray(.numbers(.u8, [1])), MetadataArray(.numbers(.bool, []))])))),
    ]
    let page = try String(contentsOfFile: "\(testdata)/../formats/metadata.md", encoding: .utf8)
    let lines = page.split(separator: "\n").drop { !$0.contains("general.name") }.prefix(7)
    let text = lines.map { $0.drop { $0 == " " } }.joined()
    #expect(String(decoding: MetadataText.write(list), as: UTF8.self) == text)
    #expect(try Self.parse(Array(text.utf8)) == list)
  }

  private static func strings(_ list: [[UInt8]]) -> MetadataStrings {
    var strings = MetadataStrings()
    for string in list { strings.append(string) }
    return strings
  }

  @Test(arguments: [
    (#""#, "expected an array for the metadata, found the end", 100),
    (#"{}"#, "expected an array for the metadata, found '{'", 100),
    (#"[] x"#, "expected nothing behind the metadata, found 'x'", 103),
    (#"[{}]"#, "expected 'key', found ']'", 103),
    (#"[{"type":"u8"}]"#, "expected 'key', found 'type'", 102),
    (#"[{"key":"a","value":1}]"#, "key 'a': expected 'type', found 'value'", 112),
    (#"[{"key":"a","type":"u8"}]"#, "key 'a': expected 'value', found ']'", 124),
    (#"[{"key":"a","type":"u8","shape":[1],"value":1}]"#, "key 'a': expected 'value', found 'shape'", 124),
    (#"[{"key":"a","type":"u8","value":1,"x":1}]"#, "key 'a': a member 'x' behind 'value'", 134),
    (
      #"[{"key":"a","type":"u8","value":1},{"key":"\u0061","type":"u8","value":1}]"#, "key 'a' comes twice", 142
    ),
    (#"[{"key":"a","type":"u8","value":256}]"#, "key 'a': expected a u8, found '256'", 132),
    (#"[{"key":"a","type":"i8","value":-0}]"#, "key 'a': expected a i8, found '-0'", 132),
    (#"[{"key":"a","type":"u8","value":1.0}]"#, "key 'a': expected a u8, found '1.0'", 132),
    (#"[{"key":"a","type":"u8","value":"1"}]"#, "key 'a': expected a u8, found '1'", 132),
    (#"[{"key":"a","type":"u64","value":1}]"#, "key 'a': expected a u64, found '1'", 133),
    (
      #"[{"key":"a","type":"u64","value":"18446744073709551616"}]"#,
      "key 'a': expected a u64, found '18446744073709551616'", 133
    ),
    (#"[{"key":"a","type":"f32","value":1e39}]"#, "key 'a': expected a f32, found '1e39'", 133),
    (#"[{"key":"a","type":"f32","value":"1"}]"#, "key 'a': expected a f32, found '1'", 133),
    (#"[{"key":"a","type":"f32","value":"nan:7f800000"}]"#, "key 'a': expected a f32, found 'nan:7f800000'", 133),
    (#"[{"key":"a","type":"f32","value":"nan:7FC00000"}]"#, "key 'a': expected a f32, found 'nan:7FC00000'", 133),
    (
      #"[{"key":"a","type":"f32","value":null}]"#, "key 'a': expected a number or a boolean for a f32, found 'null'",
      133
    ),
    (#"[{"key":"a","type":"bool","value":1}]"#, "key 'a': expected a bool, found '1'", 134),
    (#"[{"key":"a","type":"string","value":1}]"#, "key 'a': expected a string for a string, found '1'", 136),
    (
      #"[{"key":"a","type":"string","value":{"hex":"61"}}]"#,
      "key 'a': expected the hexadecimal digits of bytes that are not UTF-8", 143
    ),
    (
      #"[{"key":"a","type":"string","value":{"hex":"f"}}]"#,
      "key 'a': expected the hexadecimal digits of bytes that are not UTF-8", 143
    ),
    (
      #"[{"key":"a","type":"string","value":{"hex":"FF"}}]"#,
      "key 'a': expected the hexadecimal digits of bytes that are not UTF-8", 143
    ),
    (
      #"[{"key":"a","type":"string","value":{"hex":"ff","x":1}}]"#,
      "key 'a': expected the hexadecimal digits of bytes that are not UTF-8", 143
    ),
    (#"[{"key":"a","type":"u8[]","shape":[2],"value":[1]}]"#, "key 'a': 1 elements in an array of shape [2]", 146),
    (#"[{"key":"a","type":"u8[]","shape":[],"value":[1]}]"#, "key 'a': 1 elements in an array of shape []", 145),
    (
      #"[{"key":"a","type":"u8[]","shape":[4294967296,4294967296],"value":[]}]"#,
      "key 'a': 0 elements in an array of shape [4294967296, 4294967296]", 166
    ),
    (
      #"[{"key":"a","type":"u8[]","shape":[9223372036854775808],"value":[]}]"#,
      "key 'a': dimension 9223372036854775808, expected at most 9223372036854775807", 135
    ),
    (
      #"[{"key":"a","type":"array[]","value":[1]}]"#, "key 'a': expected an object for an array of an array, found '1'",
      138
    ),
    (
      #"[{"key":"a","type":"array[]","value":[{"type":"u8","value":1}]}]"#,
      "key 'a': expected an array as an element of an array of arrays", 138
    ),
  ])
  func whatBreaksTheRulesIsRefused(_ text: String, _ message: String, _ place: Int) {
    let error = failure { _ = try Self.parse(Array(text.utf8)) }
    #expect(error?.code == .malformed)
    #expect(error.map { ($0.context + [$0.message]).joined(separator: ": ") } == message)
    #expect(error?.byteOffset == place)
  }

  @Test(arguments: ["u128", "array", "u8[][]", "array[][]", "", "[]"])
  func unknownTypesAreUnsupported(_ type: String) {
    let error = failure { _ = try Self.parse(Array(#"[{"key":"a","type":"\#(type)","value":1}]"#.utf8)) }
    #expect(error?.code == .unsupported)
    #expect(error?.message == "type '\(type)' of metadata")
  }

  @Test func arraysLieSixteenDeepAndNoDeeper() throws {
    func nested(_ depth: Int) -> [UInt8] {
      let open = String(repeating: #""type":"array[]","value":[{"#, count: depth - 1)
      let close = String(repeating: "}]", count: depth - 1)
      return Array((#"[{"key":"a","# + open + #""type":"u8[]","value":[]"# + close + "}]").utf8)
    }
    let list = try Self.parse(nested(16))
    #expect(MetadataText.write(list) == nested(16))
    #expect(failure { _ = try Self.parse(nested(17)) }?.message == "arrays lie in one another more than 16 deep")
    #expect(failure { _ = try Self.parse(nested(100)) }?.message == "JSON nests deeper than 128 levels")
  }
}
