import Inspection
import Kernels
import MemoryModel
import TensorModel
import Testing

/// Tensors of block types are inspected as the numbers that they dequantise to.
@Suite struct BlockTests {
  /// The same tensor as blocks and as the floats of these.
  private func tensors(
    _ type: BlockType, rows: Int, blocksOfRow: Int
  ) throws -> [(info: TensorInfo, bytes: [UInt8])] {
    var random = SeededRandom("\(type.rawValue) \(rows)")
    let blocks = random.blocks(type, rows * blocksOfRow)
    let shape = [rows, blocksOfRow * type.layout.elements]
    let numbers = unsafe BlockWidening.numbers(of: blocks.span.bytes, type)
    return [
      (try TensorInfo(name: "x", dtype: DType(type), shape: shape), blocks), try floats("x", shape, numbers),
    ]
  }

  @Test(arguments: BlockType.allCases) func numbersAreThoseOfTheDequantisedTensor(_ type: BlockType) throws {
    for (rows, blocksOfRow) in [(1, 1), (5, 3), (3, 12_288 / type.layout.elements)] {
      let both = try tensors(type, rows: rows, blocksOfRow: blocksOfRow)
      var options = InspectionOptions()
      options.isExact = true
      for chunkBytes in rows == 5 ? [type.layout.byteCount] : [10_000, 1 << 20] {
        let blocks = try ModelInspection.run(MemoryModel([both[0]], chunkBytes: chunkBytes), options).tensors[0]
        let numbers = try ModelInspection.run(MemoryModel([both[1]]), options).tensors[0]
        #expect(blocks.values?.zeros == numbers.values?.zeros)
        #expect(blocks.values?.negativeZeros == numbers.values?.negativeZeros)
        #expect(blocks.values?.nans == numbers.values?.nans)
        #expect(blocks.values?.infinities == numbers.values?.infinities)
        #expect(blocks.values?.subnormals == numbers.values?.subnormals)
        #expect(blocks.values?.extremes == numbers.values?.extremes)
        #expect(blocks.values?.uniformity == numbers.values?.uniformity)
        #expect(blocks.profile == numbers.profile)
        #expect(blocks.zeroLines == numbers.zeroLines)
        #expect(blocks.structure == numbers.structure)
        #expect((blocks.norms == nil) == (numbers.norms == nil))
        #expect(blocks.info.dtype.name == type.rawValue)
        let (mean, expected) = (blocks.values?.moments?.mean ?? 0, numbers.values?.moments?.mean ?? 0)
        #expect(abs(mean - expected) <= 1e-9 * abs(expected) + 1e-30)
      }
    }
  }

  @Test(arguments: BlockType.allCases) func aRepeatedBlockIsToldWithoutReadingIt(_ type: BlockType) throws {
    var random = SeededRandom("\(type.rawValue) repeated")
    let block = random.bytes(type.layout.byteCount).map { $0 & 0x3F }
    let info = try TensorInfo(name: "x", dtype: DType(type), shape: [300 * type.layout.elements])
    let repeated = (0..<300).flatMap { _ in block }
    let model = MemoryModel([(info, repeated)], repeatedBlocks: [0: block])
    let known = try ModelInspection.run(model).tensors[0]
    let read = try ModelInspection.run(MemoryModel([(info, repeated)])).tensors[0]
    #expect(model.bytesRead == 0)
    #expect(known.values?.zeros == read.values?.zeros)
    #expect(known.values?.extremes == read.values?.extremes)
    #expect(known.profile?.distinct == read.profile?.distinct)
    let (deviation, expected) = (
      known.values?.moments?.standardDeviation ?? 0, read.values?.moments?.standardDeviation ?? 0
    )
    #expect(abs(deviation - expected) <= 1e-9 * expected)
  }
}
