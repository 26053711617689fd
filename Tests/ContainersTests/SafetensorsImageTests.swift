import MemoryModel
import TensorModel
import Testing

@testable import Containers

@Suite struct SafetensorsImageTests {
  private static func image(
    _ tensors: [MemoryModel.Tensor], _ metadata: [(String, String)] = [], _ limits: Limits = Limits()
  ) throws(ModelError) -> FileImage {
    let model = MemoryModel(tensors)
    return try FileImage(
      safetensors: model, tensors: Array(tensors.indices),
      metadata: metadata.map { MetadataEntry(key: $0.0, value: $0.1) },
      limits: limits)
  }

  private static func text(_ image: FileImage) -> String {
    String(decoding: image.headerBytes.dropFirst(8), as: UTF8.self)
  }

  @Test func wideTypesComeFirstThenNames() throws {
    let image = try Self.image([
      .init("b", .u8, [3], [1, 2, 3]), .init("z", .bf16, [1], [0, 0]), .init("a", .bf16, [], [0, 0]),
      .init("h", .f16, [1], [0, 0]), .init("e", .f64, [0, 2], []),
    ])
    #expect(image.layout.tensors.map(\.info.name) == ["e", "a", "z", "h", "b"])
    #expect(image.sources == [4, 2, 1, 3, 0])
    #expect(
      Self.text(image) == #"{"e":{"dtype":"F64","shape":[0,2],"data_offsets":[0,0]},"#
        + #""a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},"z":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]},"#
        + #""h":{"dtype":"F16","shape":[1],"data_offsets":[4,6]},"b":{"dtype":"U8","shape":[3],"data_offsets":[6,9]}}"#
        + "    ")
    #expect(image.headerBytes.count % 8 == 0)
    #expect(
      image.headerBytes.prefix(8).elementsEqual([UInt8((image.headerBytes.count - 8) & 0xFF), 1, 0, 0, 0, 0, 0, 0]))
    #expect(image.byteCount == image.headerBytes.count + 9)
  }

  @Test func nothingIsStillAFile() throws {
    #expect(try Self.text(Self.image([])) == "{}      ")
    #expect(try Self.text(Self.image([], [("b", "1"), ("a", "2")])) == #"{"__metadata__":{"b":"1","a":"2"}}      "#)
  }

  @Test func escapesAreThoseOfTheReference() throws {
    let image = try Self.image([], [("\u{8}\t\n\u{C}\r\u{0}\u{1F}\u{7F}\"\\/é", "")])
    #expect(Self.text(image).contains("\"\\b\\t\\n\\f\\r\\u0000\\u001f\u{7F}\\\"\\\\/é\":\"\""))
  }

  /// What was laid out is a legal header by our own reader's rules.
  @Test func readerTakesWhatIsLaidOut() throws {
    let image = try Self.image([
      .init("\"é\u{0}", .f4, [3, 2], [1, 2, 3]), .init("", .i64, [], [0, 0, 0, 0, 0, 0, 0, 0]),
    ])
    let header = try unsafe SafetensorsHeader.parse(image.headerBytes.span.bytes, fileByteCount: image.byteCount)
    #expect(header.tensors.map(\.info) == image.layout.tensors.map(\.info))
    #expect(header.tensors.map(\.range) == image.layout.tensors.map(\.range))
  }

  @Test func whatTheFormatLacksIsRefused() throws {
    let block = DType(name: "Q4_0", blockElements: 32, blockBytes: 18, values: .opaque)
    var limits = Limits()
    limits.headerBytes = 56
    for (tensors, limits, code, message) in [
      (
        [MemoryModel.Tensor("w", block, [32], [UInt8](repeating: 0, count: 18))], Limits(), ModelError.Code.unsupported,
        "tensor 'w': safetensors has no Q4_0"
      ),
      (
        [.init("__metadata__", .u8, [0], [])], Limits(), .unsupported,
        "tensor '__metadata__': safetensors reserves the name"
      ),
      ([.init("w", .u8, [0], []), .init("w", .i8, [0], [])], Limits(), .malformed, "two tensors are named 'w'"),
      ([.init("long name", .u8, [0], [])], limits, .unsupported, "a header of 64 bytes, safetensors allows 56"),
    ] as [([MemoryModel.Tensor], Limits, ModelError.Code, String)] {
      let error = #expect(throws: ModelError.self) { try Self.image(tensors, [], limits) }
      #expect(error?.code == code)
      #expect(error?.message == message)
    }
  }
}
