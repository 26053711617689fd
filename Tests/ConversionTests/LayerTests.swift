import Conversion
import MemoryModel
import TensorModel
import Testing

@Suite struct LayerTests {
  private static let model = MemoryModel([
    .init("a.w", .u8, [1], [1]), .init("b.w", .u8, [1], [2]), .init("b.bias", .u8, [1], [3]),
  ])

  @Test func selectedTensorsAreReadUnderTheirNewNumbers() throws {
    let selected = SelectedModel(Self.model, NameFilter(including: [GlobPattern("b.*")]))
    #expect(selected.catalog.tensors.map(\.info.name) == ["b.w", "b.bias"])
    #expect(try bytes(of: 0, selected) == [2])
    #expect(try bytes(of: 1, selected) == [3])
  }

  @Test func rulesApplyOneAfterTheOther() throws {
    let renamed = try RenamedModel(Self.model, [RenameRule("b.*=*"), RenameRule("*w=*weight")])
    #expect(renamed.catalog.tensors.map(\.info.name) == ["a.weight", "weight", "bias"])
    #expect(renamed.renamedCount == 3)
  }

  @Test func collisionNamesBothTensors() throws {
    let rules = try [RenameRule("a.*=b.*")]
    let error = #expect(throws: ModelError.self) { try RenamedModel(Self.model, rules) }
    #expect(error?.code == .usage)
    #expect(error?.message == "tensors 'a.w' and 'b.w' would both be named 'b.w'")
  }

  @Test func ruleThatFitsNothingIsNamed() throws {
    let rules = try [RenameRule("x=y")]
    let error = #expect(throws: ModelError.self) { try RenamedModel(Self.model, rules) }
    #expect(error?.message == "--rename 'x=y' fits no tensor")
  }

  @Test func namesMayBeSwapped() throws {
    let rules = try [RenameRule("a.w=t"), RenameRule("b.w=a.w"), RenameRule("t=b.w")]
    #expect(try RenamedModel(Self.model, rules).catalog.tensors.map(\.info.name) == ["b.w", "a.w", "b.bias"])
  }
}
