import Containers
import MemoryModel
import Schemas
import TensorModel
import Testing

@Suite struct PruningMaskTests {
  /// Bytes of BF16 numbers.
  private static func bf16(_ words: [UInt16]) -> [UInt8] { words.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } }
  private static let weights: [UInt16] = [0x3F80, 0xBF80, 0x7F80, 0xFFFF, 0x8001, 0x4000]
  private static let product: [UInt16] = [0x3F80, 0x8000, 0x7FC0, 0xFFFF, 0x8000, 0x0000]

  private static func model(mask: [UInt8] = [1, 0, 0, 1, 0, 0], chunkBytes: Int = 4) -> MemoryModel {
    MemoryModel(
      [
        .init("a", .u8, [1], [7]), .init("b.weight_mask", .bool, [2, 3], mask), .init("b.bias", .bf16, [1], [1, 2]),
        .init("b.weight_orig", .bf16, [2, 3], bf16(weights)),
      ], chunkBytes: chunkBytes)
  }

  private func bytes(of tensor: Int, _ range: Range<Int>, _ model: any ContainerReader) throws -> [UInt8] {
    try model.makeSession().withBytes(of: tensor, range) { bytes in
      unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    }
  }

  @Test func weightAndMaskAreRecognisedAndReadAsTheirProduct() throws {
    let source = Self.model()
    let found = try LogicalTensors(in: source)
    #expect(found.refusals == [])
    let tensor = try #require(found.found.first)
    #expect(found.found.count == 1)
    #expect((tensor.schema, tensor.info.name, tensor.info.shape) == ("pruning-mask", "b.weight", [2, 3]))
    #expect(tensor.parts == [.init(role: "weight", tensor: 3), .init(role: "mask", tensor: 1)])

    let model = LogicalModel(source, found.found)
    #expect(model.catalog.tensors.map(\.info.name) == ["a", "b.bias", "b.weight"])
    let expected = Self.bf16(Self.product)
    // Ranges may begin and end inside elements.
    for start in 0...12 {
      for end in start...12 { #expect(try bytes(of: 2, start..<end, model) == Array(expected[start..<end])) }
    }
    #expect(try bytes(of: 0, 0..<1, model) == [7])
    #expect(LogicalModel(source, found.found, alone: true).catalog.tensors.map(\.info.name) == ["b.weight"])
  }

  @Test func aMaskOfOtherValuesIsNone() throws {
    let found = try LogicalTensors(in: Self.model(mask: [1, 0, 0, 1, 0, 2]))
    #expect(found.found == [])
    #expect(found.refusals == ["'b.weight_mask' holds other values than 0 and 1, and is no mask"])
  }

  @Test func aMaskThatChangesWhileItIsReadIsAnError() throws {
    let honest = try LogicalTensors(in: Self.model())
    let model = LogicalModel(Self.model(mask: [1, 0, 0, 1, 0, 2]), honest.found)
    let error = #expect(throws: ModelError.self) { try bytes(of: 2, 0..<12, model) }
    #expect(error?.code == .malformed)
  }

  private static let strangers: [(weight: MemoryModel.Tensor, mask: MemoryModel.Tensor, more: MemoryModel.Tensor?)] = [
    // Another shape, another type, a name that is taken, names that are not a pair's.
    (.init("w_orig", .f32, [2], [0, 0, 0, 0, 0, 0, 0, 0]), .init("w_mask", .bool, [1, 2], [1, 1]), nil),
    (.init("w_orig", .i32, [1], [0, 0, 0, 0]), .init("w_mask", .bool, [1], [1]), nil),
    (.init("w_orig", .f32, [1], [0, 0, 0, 0]), .init("w_mask", .f16, [1], [0, 0x3C]), nil),
    (.init("w_orig", .f16, [1], [0, 0]), .init("w_mask", .bool, [1], [1]), .init("w", .f16, [1], [0, 0])),
    (.init("_orig", .f16, [1], [0, 0]), .init("_mask", .bool, [1], [1]), nil),
    (.init("w_orig", .f16, [1], [0, 0]), .init("v_mask", .bool, [1], [1]), nil),
  ]

  @Test(arguments: strangers.indices) func strangersAreNoPair(number: Int) throws {
    let (weight, mask, more) = Self.strangers[number]
    let model = MemoryModel([weight, mask] + (more.map { [$0] } ?? []))
    let found = try LogicalTensors(in: model)
    #expect(found.found == [] && found.refusals == [])
  }

  @Test func schemasAreFoundByTheirNames() {
    for schema in SchemaRegistry.all { #expect(SchemaRegistry.named(schema.name)?.name == schema.name) }
    #expect(SchemaRegistry.named("unheard-of") == nil)
  }
}
