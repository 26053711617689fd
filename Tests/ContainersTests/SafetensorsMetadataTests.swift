import MemoryModel
import TensorModel
import Testing

@testable import Containers

/// Typed metadata in safetensors files (formats/metadata.md).
@Suite struct SafetensorsMetadataTests {
  private static let typed = MetadataEntry(key: "n", value: .number(MetadataNumber(Float(-0.0))))

  /// The bytes of a file with that metadata and one tensor.
  private static func file(_ list: [MetadataEntry]) throws -> [UInt8] {
    let model = MemoryModel([.init("w", .f32, [1], [1, 2, 3, 4])])
    let image = try FileImage(safetensors: model, tensors: [0], metadata: list)
    let session = image.model.makeSession()
    var bytes = image.headerBytes
    for tensor in image.layout.tensors {
      try image.withBytes(tensor.range, session) { bytes += unsafe $0.withUnsafeBytes { unsafe Array($0) } }
    }
    #expect(bytes.count == image.byteCount)
    return bytes
  }

  private static func read(_ file: [UInt8]) throws -> SafetensorsModel {
    let folder = try TemporaryFolder()
    try folder.write("m.safetensors", file)
    return try SafetensorsModel.open(path: folder.path + "/m.safetensors")
  }

  private static func long(_ count: Int) throws -> MetadataEntry {
    var strings = MetadataStrings()
    for number in 0..<count { strings.append("token \(number)".utf8) }
    return MetadataEntry(key: "tokens", value: .array(try MetadataArray(.strings(strings))))
  }

  @Test func everyListComesBack() throws {
    var random = SeededRandom("metadata in safetensors")
    for count in [0, 1, 8, 2_000] {
      let list = random.metadata(count: count)
      let model = try Self.read(Self.file(list))
      #expect(model.catalog.metadata == list)
      #expect(model.catalog.tensors.map(\.info.name) == ["w"])
    }
  }

  @Test func stringsAloneAreWrittenAsTheyAlwaysWere() throws {
    let header = try parse(Self.file([.init(key: "format", value: "pt"), .init(key: "é", value: "")]))
    #expect(header.metadata.map(\.value.typeName) == ["string", "string"])
    let text = String(decoding: try Self.file([.init(key: "format", value: "pt")]), as: UTF8.self)
    #expect(text.contains(#"{"__metadata__":{"format":"pt"},"w":"#))
  }

  @Test func simpleValuesHaveCopiesBesideTheList() throws {
    let list = [
      MetadataEntry(key: "name", value: "x"), Self.typed,
      .init(key: "bits", value: .number(MetadataNumber(Float(bitPattern: 0xFFC0_0001)))),
      .init(key: "long", value: String(repeating: "x", count: 1_025)),
      .init(key: "broken", value: .string([0xFF])),
      .init(key: "list", value: .array(try MetadataArray(.numbers(.bool, [1])))),
      .init(key: "yes", value: .number(MetadataNumber(true))),
    ]
    let text = String(decoding: try Self.file(list), as: UTF8.self)
    #expect(
      text.contains(
        #"{"__metadata__":{"name":"x","n":"-0.0","bits":"nan:ffc00001","yes":"true","tare.metadata":"[{\"key\""#))
    #expect(try parse(Self.file(list)).metadata == list)
  }

  /// A list that has the key itself is not plain, so nothing in it is taken for more than it is.
  @Test func keyOfTheListIsAKeyLikeOthersInTheList() throws {
    let list = [MetadataEntry(key: "tare.metadata", value: "[]"), .init(key: "a", value: "b")]
    #expect(try parse(Self.file(list)).metadata == list)
  }

  @Test func largeListIsATensorThatNoModelShows() throws {
    let list = [MetadataEntry(key: "name", value: "x"), try Self.long(6_000), Self.typed]
    let bytes = try Self.file(list)
    let header = try SafetensorsHeader.parse(bytes.rawSpan, fileByteCount: bytes.count)
    #expect(header.tensors.map(\.info.name) == ["w", "tare.metadata"])
    #expect(header.tensors[1].info.dtype == .u8)
    #expect(header.metadataTensor == 1)
    #expect(header.metadata.map(\.key) == ["name", "n"])
    let model = try Self.read(bytes)
    #expect(model.catalog.metadata == list)
    #expect(model.catalog.tensors.map(\.info.name) == ["w"])
    // Just below the limit it is no tensor.
    #expect(try parse(Self.file([Self.long(3_000)])).metadataTensor == nil)
  }

  @Test func tensorOfTheNameIsOneOfTheModelWhereNothingSaysOtherwise() throws {
    let header = #"{"tare.metadata":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
    let model = try Self.read(safetensors(header, data: [7]))
    #expect(model.catalog.tensors.map(\.info.name) == ["tare.metadata"])
    #expect(try FileImage(safetensors: model, tensors: [0], metadata: [Self.typed]).modelTensors == [0])
    let error = failure { _ = try FileImage(safetensors: model, tensors: [0], metadata: [Self.long(6_000)]) }
    #expect(error?.code == .unsupported)
    #expect(error?.message == "tensor 'tare.metadata': the name is taken for metadata")
  }

  @Test func otherToolsMayAddKeysAndDropCopies() throws {
    let header = #"{"__metadata__":{"z":"1","tare.metadata":"[{\"key\":\"a\",\"type\":\"u8\",\"value\":1}]","b":"2"}}"#
    let metadata = try parse(safetensors(header)).metadata
    #expect(metadata.map(\.key) == ["a", "z", "b"])
    #expect(metadata.map(\.value.typeName) == ["u8", "string", "string"])
  }

  @Test func keyTwiceIsNotWritten() throws {
    let error = failure { _ = try Self.file([Self.typed, Self.typed]) }
    #expect(error?.message == "key 'n' of the metadata comes twice")
  }

  @Test(arguments: [
    (#""tare.metadata":"x""#, "expected an array for the metadata, found 'x', byte 0 of the text"),
    (#""tare.metadata":"[{\"key\":\"a\"}]""#, "expected 'type', found ']', byte 12 of the text"),
    (
      #""a":"2","tare.metadata":"[{\"key\":\"a\",\"type\":\"u8\",\"value\":1}]""#,
      "key 'a' is '2' in '__metadata__' and '1' in 'tare.metadata'"
    ),
    (
      #""tare.metadata":"[{\"key\":\"a\",\"type\":\"u8[]\",\"value\":[1]}]","a":"[1]""#,
      "key 'a' is '[1]' in '__metadata__' and '[1]' in 'tare.metadata'"
    ),
    (
      #""tare.metadata":"{\"tensor\":\"tare.metadata\"}""#,
      "tensor 'tare.metadata' is missing, which is to hold the metadata"
    ),
  ])
  func malformedListsAreRefused(_ pairs: String, _ message: String) {
    let error = failure { _ = try parse(safetensors("{\"__metadata__\":{\(pairs)}}")) }
    #expect(error?.code == .malformed)
    #expect(error?.message == message)
    #expect(error?.byteOffset != nil)
  }

  @Test(arguments: [
    (#""dtype":"I8","shape":[2]"#, "tensor 'tare.metadata' is I8 [2], expected U8 of one dimension of at most"),
    (#""dtype":"U8","shape":[1,2]"#, "tensor 'tare.metadata' is U8 [1, 2], expected U8 of one dimension of at most"),
    (#""dtype":"U8","shape":[2]"#, "expected an array for the metadata, found 'xx'"),
  ])
  func malformedTensorsAreRefused(_ tensor: String, _ message: String) {
    let mark = #""__metadata__":{"tare.metadata":"{\"tensor\":\"tare.metadata\"}"}"#
    let file = safetensors("{\(mark),\"tare.metadata\":{\(tensor),\"data_offsets\":[0,2]}}", data: [0x78, 0x78])
    let error = failure { _ = try Self.read(file) }
    #expect(error?.code == .malformed)
    #expect(error?.message.hasPrefix(message) == true)
  }
}
