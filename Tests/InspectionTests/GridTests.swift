import Kernels
import MemoryModel
import Packing
import TensorModel
import Testing

@testable internal import Inspection

/// Weights that lie on a grid, and the words in which that is said.
@Suite struct GridTests {
  private static let shape = [96, 1024]

  /// A tensor of f32 whose elements are codes × scale (+ offset) of their group.
  /// - Parameter group: the number of the group of a row and a column.
  private func tensor(
    codes: Range<Int>, seed: UInt64, scaleBits: UInt32 = 16, offset: Float = 0,
    group: (_ row: Int, _ column: Int) -> Int
  ) throws -> (info: TensorInfo, bytes: [UInt8]) {
    var random = SeededRandom("codes \(codes)", seed: seed)
    let scales = (0..<4096).map { _ in
      let bits = (Float(0.004) + Float(random.next() % 4096) * 1e-6).bitPattern
      return Float(bitPattern: (bits >> scaleBits) << scaleBits)
    }
    var values: [Float] = []
    for row in 0..<Self.shape[0] {
      for column in 0..<Self.shape[1] {
        let code = Float(codes.lowerBound + Int(random.next() % UInt64(codes.count)))
        let scale = scales[group(row, column)]
        values.append(code * scale + (offset == 0 ? 0 : offset * scales[group(row, column) ^ 1]))
      }
    }
    return try floats("w", Self.shape, values)
  }

  private func grid(of tensor: (info: TensorInfo, bytes: [UInt8])) throws -> GridFinding? {
    try ModelInspection.run(MemoryModel([tensor]), estimator: PackedSizeEstimate()).tensors[0].grid
  }

  @Test func groupsAlongRowsAreNamed() throws {
    let grid = try #require(try grid(of: tensor(codes: -7..<8, seed: 1) { $0 * 8 + $1 / 128 }))
    #expect(grid.summary == "int4 g128")
    #expect(grid.explanation == "int4, groups of 128 along rows, bf16 scales")
    #expect(grid.kind == .affine && grid.bits == 4 && grid.levels == 15 && grid.isSymmetric && grid.share == 1)
    #expect(grid.groupElements == 128 && grid.axis == .row)
  }

  @Test func zeroPointsAreNotSymmetric() throws {
    let grid = try #require(try grid(of: tensor(codes: -12..<4, seed: 2) { $0 * 16 + $1 / 64 }))
    #expect(grid.explanation == "int4, groups of 64 along rows, with a zero point, bf16 scales")
    #expect(!grid.isSymmetric && grid.levels == 16)
  }

  @Test func offsetsAreNamed() throws {
    let grid = try #require(try grid(of: tensor(codes: 0..<16, seed: 3, offset: -7.37) { $0 * 16 + $1 / 64 }))
    #expect(grid.explanation == "int4, groups of 64 along rows, with an offset, bf16 scales")
    #expect(grid.hasOffset && !grid.isSymmetric)
  }

  @Test func aScaleForEachRowOrColumnIsNamed() throws {
    let rows = try #require(try grid(of: tensor(codes: -127..<128, seed: 4, scaleBits: 0) { row, _ in row }))
    #expect(rows.summary == "int8 row" && rows.explanation == "int8, a scale for each row, f32 scales")
    let columns = try #require(try grid(of: tensor(codes: -7..<8, seed: 5) { _, column in column }))
    #expect(columns.summary == "int4 column" && columns.rows == 96 && columns.columns == 1)
  }

  @Test func ternaryWeightsOfOneScaleAreNamed() throws {
    let grid = try #require(try grid(of: tensor(codes: -1..<2, seed: 6) { _, _ in 0 }))
    #expect(grid.summary == "ternary" && grid.explanation == "ternary, one bf16 scale")
    #expect(grid.bits == 2 && grid.levels == 3 && grid.groupElements == 96 * 1024)
  }

  @Test func aPaletteSaysHowManyLevels() throws {
    var random = SeededRandom("palette", seed: 7)
    let levels = (0..<16).map { _ in Float(bitPattern: 0x3D00_0000 | UInt32(random.next() >> 41)) }
    let values = (0..<96 * 1024).map { _ in levels[Int(random.next() % 16)] }
    let grid = try #require(try grid(of: floats("w", Self.shape, values)))
    #expect(grid.summary == "palette 16" && grid.kind == .palette && grid.bits == 4 && grid.scaleType == nil)
  }

  @Test func denseWeightsLieOnNoGrid() throws {
    var random = SeededRandom("dense", seed: 8)
    let values = (0..<96 * 1024).map { _ in
      (0..<6).reduce(Float(0)) { sum, _ in sum + Float(random.next() >> 40) * 0x1p-24 - 0.5 } * 0.05
    }
    #expect(try grid(of: floats("w", Self.shape, values)) == nil)
  }

  /// Numbers that blocks dequantise to are told by the type of the blocks.
  @Test(arguments: [BlockType.q8_0, .q4_0, .q4_1, .q5_0, .q5_1])
  func dequantisedBlocksAreNamed(type: BlockType) throws {
    var random = SeededRandom("blocks", seed: 3)
    let numbers = (0..<96 * 1024).map { _ in
      (0..<6).reduce(Float(0)) { sum, _ in sum + Float(random.next() >> 40) * 0x1p-24 - 0.5 } * 0.05
    }
    var blocks = [UInt8](repeating: 0, count: numbers.count / type.layout.elements * type.layout.byteCount)
    var dense = numbers
    unsafe numbers.span.bytes.withUnsafeBytes { source in
      unsafe blocks.withUnsafeMutableBytes { target in
        _ = unsafe BlockQuantizer(type)!.quantize(RawSpan(_unsafeBytes: source), into: target.baseAddress!)
      }
    }
    unsafe dense.withUnsafeMutableBytes { target in
      unsafe Dequantize.floats(of: blocks.span.bytes, type, into: target.baseAddress!)
    }
    let found = try #require(try grid(of: floats("w", Self.shape, dense)))
    #expect(found.blockType?.blockType == type, "\(found.explanation)")
  }

  @Test func theTableNamesGridsBesideZeros() throws {
    let tensors = try [
      tensor(codes: -7..<8, seed: 1) { $0 * 8 + $1 / 128 }, tensor(codes: 1..<8, seed: 9) { row, _ in row },
    ]
    let report = try ModelInspection.run(MemoryModel(tensors), estimator: PackedSizeEstimate())
    let lines = InspectionTable.text([report], width: .max, isColored: false).split(separator: "\n")
    #expect(lines.contains { $0.contains("  int4 g128, unstructured  ") })
    #expect(lines.contains { $0.contains("  int3 row  ") || $0.contains("  int4 row  ") })
    let document = InspectionJSON.document([report], version: "1")
    #expect(
      document.contains(
        """
                  "grid": {
                    "kind": "affine",
                    "book": "integers",
                    "bits": 4,
                    "levels": 15,
                    "symmetric": true,
                    "offset": false,
                    "group": 128,
                    "axis": "row",
                    "rows": 1,
                    "columns": 128,
                    "scale_type": "bf16",
                    "block_type": null,
                    "share": 1.0
                  },

        """))
  }
}
