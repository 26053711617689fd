import Kernels
import MemoryModel
import TensorModel
import Testing
import Verification

@Suite struct BlockTests {
  typealias Tensor = MemoryModel.Tensor

  private func compare(
    _ a: MemoryModel, _ b: MemoryModel, _ tolerance: Tolerance = .value
  ) throws(ModelError) -> TensorComparison {
    var comparison = ModelComparison()
    comparison.tolerance = tolerance
    comparison.threads = 2
    return try comparison.run(a, b).tensors[0]
  }

  private func bytes(_ numbers: [Float]) -> [UInt8] {
    numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(8 * $0)) } }
  }

  @Test(arguments: BlockType.allCases) func blocksEqualTheFloatsThatTheyDequantiseTo(_ type: BlockType) throws {
    var random = SeededRandom("\(type.rawValue) equal")
    let count = 40_000 / type.layout.elements
    let blocks = random.blocks(type, count)
    var numbers = unsafe BlockWidening.numbers(of: blocks.span.bytes, type)
    let shape = [numbers.count]
    let a = MemoryModel([Tensor("x", DType(type), shape, blocks)], chunkBytes: 1000)
    let same = try compare(a, MemoryModel([Tensor("x", .f32, shape, bytes(numbers))]))
    #expect(same.differing == 0 && same.verdict == .equal)
    let place = try #require(numbers.lastIndex { $0.isFinite })
    numbers[place] = numbers[place].nextUp
    let other = try compare(a, MemoryModel([Tensor("x", .f32, shape, bytes(numbers))]))
    #expect(other.differing == 1 && other.first?.index == [place])
    let turned = try compare(MemoryModel([Tensor("x", .f32, shape, bytes(numbers))]), a)
    #expect(turned.differing == 1 && turned.first?.index == [place])
  }

  @Test func twoBlockTypesAreComparedAsNumbers() throws {
    // Eight of each level: 2 · (code − 8), as Q4_0 and as Q8_0.
    let codes = (0..<32).map { $0 % 16 }
    let small: [UInt8] = [0, 0x40] + (0..<16).map { UInt8(codes[$0] | codes[16 + $0] << 4) }
    let large: [UInt8] = [0, 0x40] + codes.map { UInt8(bitPattern: Int8($0 - 8)) }
    let models = (
      MemoryModel([Tensor("x", .q4_0, [256], (0..<8).flatMap { _ in small })]),
      MemoryModel([Tensor("x", .q8_0, [256], (0..<8).flatMap { _ in large })])
    )
    #expect(try compare(models.0, models.1).verdict == .equal)
  }

  @Test func aDifferenceInABlockIsThatOfItsNumbers() throws {
    let block: [UInt8] = [0, 0x40] + [UInt8](repeating: 0x88, count: 16)
    var other = block
    other[2 + 5] = 0x98
    var sums = [UInt8](repeating: 0, count: 36)
    let tensor = Tensor("x", .q4_0, [64], block + block)
    let found = try compare(MemoryModel([tensor]), MemoryModel([Tensor("x", .q4_0, [64], block + other)]), .exact)
    #expect(found.differing == 1 && found.first?.index == [32 + 16 + 5])
    #expect(found.first?.a.description == "0.0" && found.first?.b.description == "2.0")
    // Bytes on which no number depends still differ.
    let before = sums
    sums[3] = 1
    let silent = try compare(
      MemoryModel([Tensor("x", .q8_1, [32], before)]), MemoryModel([Tensor("x", .q8_1, [32], sums)]), .exact)
    #expect(silent.differing == 32 && silent.verdict == .different)
    #expect(silent.first?.bits?.b == "0x" + "00000001" + String(repeating: "00", count: 32))
  }
}
