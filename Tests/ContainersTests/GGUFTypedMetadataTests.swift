import TensorModel
import Testing

@testable import Containers

/// Metadata of types that GGUF lacks.
struct GGUFTypedMetadataTests {
  private static let half = MetadataEntry(key: "half", value: .number(MetadataNumber(.f16, bits: 0x7E01)!))
  private static let text = MetadataEntry(key: "text", value: .string(Array("x".utf8)))

  private static func table(_ shape: [Int], _ type: MetadataNumber.NumberType = .u8) throws -> MetadataValue {
    let count = shape.reduce(1, *) * type.byteCount
    return .array(try MetadataArray(shape: shape, .numbers(type, (0..<count).map { UInt8($0) })))
  }

  @Test func whatGGUFHoldsIsWrittenAsItIs() throws {
    let list = [Self.text, MetadataEntry(key: "flat", value: try Self.table([3]))]
    #expect(try GGUFTypedMetadata.encoded(list) == list)
    #expect(try GGUFTypedMetadata.decoded(list) == list)
  }

  @Test func otherTypesAreTextInTheirPlaceAndComeBack() throws {
    let inner = try MetadataArray(shape: [1], .arrays([try MetadataArray(shape: [2], .numbers(.f16, [0, 60, 1, 0]))]))
    let list = [
      Self.half, Self.text, MetadataEntry(key: "table", value: try Self.table([2, 3])),
      MetadataEntry(key: "halves", value: try Self.table([2], .f16)),
      MetadataEntry(key: "nested", value: .array(inner)),
      MetadataEntry(key: "none", value: try Self.table([0, 2])),
    ]
    let encoded = try GGUFTypedMetadata.encoded(list)
    #expect(encoded.map(\.key) == ["half", "text", "table", "halves", "nested", "none", "tare.typed"])
    #expect(encoded[1] == Self.text)
    #expect(encoded[0].value == .string(Array(#"[{"key":"half","type":"f16","value":"nan:7e01"}]"#.utf8)))
    #expect(try GGUFTypedMetadata.decoded(encoded) == list)
  }

  @Test func aListThatHasTheKeyIsRefused() throws {
    let list = [MetadataEntry(key: "tare.typed", value: .string([]))]
    #expect(throws: ModelError.self) { try GGUFTypedMetadata.encoded(list) }
  }

  @Test(arguments: [
    (["half", "half"], "a key comes twice"), (["nothing"], "a key that is not there"), (["text"], "'text'"),
    (["flat"], "'flat': u8[], expected a string"),
  ])
  func liesAreMalformed(keys: [String], message: String) throws {
    var strings = MetadataStrings()
    for key in keys { strings.append(Array(key.utf8)) }
    let list =
      try GGUFTypedMetadata.encoded([Self.half]).dropLast()
      + [
        Self.text, MetadataEntry(key: "flat", value: try Self.table([3])),
        MetadataEntry(key: "tare.typed", value: .array(try MetadataArray(shape: [keys.count], .strings(strings)))),
      ]
    let error = #expect(throws: ModelError.self) { try GGUFTypedMetadata.decoded(Array(list)) }
    #expect(error?.code == .malformed)
    #expect(error.map { "\($0)".contains(message) } == true, "\(String(describing: error))")
  }
}
