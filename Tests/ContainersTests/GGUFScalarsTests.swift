internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct GGUFScalarsTests {
  private func tensor(_ name: String, _ shape: [Int]) throws -> GGUFHeader.Tensor {
    let info = try TensorInfo(name: name, dtype: .f32, shape: shape)
    return GGUFHeader.Tensor(info: info, range: 0..<info.byteCount)
  }

  private func names(_ names: [String]) throws -> MetadataEntry {
    MetadataEntry(key: "tare.scalars", value: .array(try MetadataArray(.strings(MetadataStrings(names)))))
  }

  @Test func tensorsWithoutDimensionsAreWithoutAgain() throws {
    let list = [MetadataEntry(key: "a", value: "b")]
    let tensors = [try tensor("x", []), try tensor("y", [1]), try tensor("z", [])]
    let encoded = try GGUFScalars.encoded(list, tensors.map(\.info))
    #expect(encoded == list + [try names(["x", "z"])])
    let written = try ["x", "y", "z"].map { try tensor($0, [1]) }
    let decoded = try GGUFScalars.decoded(encoded, written)
    #expect(decoded.metadata == list && decoded.tensors.map(\.info.shape) == [[], [1], []])
    #expect(try GGUFScalars.encoded(list, [tensors[1].info]) == list)
  }

  @Test(arguments: [(["x", "x"], "a name comes twice"), (["w"], "a tensor that is not there"), (["y"], "shape [2]")])
  func whatIsNoSuchListIsMalformed(listed: [String], message: String) throws {
    let tensors = [try tensor("x", [1]), try tensor("y", [2])]
    let error = #expect(throws: ModelError.self) { try GGUFScalars.decoded([names(listed)], tensors) }
    #expect(error?.code == .malformed && error?.description.contains(message) == true)
    let other = [MetadataEntry(key: "tare.scalars", value: "x")]
    #expect(throws: ModelError.self) { try GGUFScalars.decoded(other, tensors) }
    #expect(throws: ModelError.self) { try GGUFScalars.encoded(other, tensors.map(\.info)) }
  }
}
