import MemoryModel
import TensorModel
import Testing

@testable internal import Inspection

@Suite struct ZeroLineTests {
  @Test(arguments: DType.all)
  func zeroRowsAndColumnsAreExactHoweverTheTensorIsCut(_ dtype: DType) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<40 {
      let rows = Int.random(in: 1...20, using: &generator)
      var columns = Int.random(in: 1...90, using: &generator)
      // Elements fill whole bytes; rows need not.
      if rows * columns % dtype.blockElements != 0 { columns *= dtype.blockElements }
      let matrix = try RandomMatrix("m", dtype, rows: rows, columns: columns, using: &generator)
      let chunkBytes = Int.random(in: 1...max(2, matrix.info.byteCount), using: &generator)
      let place: Comment = "seed \(seed), \(rows)×\(columns), chunks of \(chunkBytes) bytes"
      let report = try inspect(matrix, chunkBytes: chunkBytes)
      let lines = try #require(report.zeroLines)
      #expect(
        lines.zeroRows
          == (0..<rows).count { row in (0..<columns).allSatisfy { matrix.isZero(row, $0) } }, place)
      #expect(
        lines.zeroColumns
          == (0..<columns).count { column in (0..<rows).allSatisfy { matrix.isZero($0, column) } }, place)
      #expect(report.values?.zeros == (0..<rows * columns).count { matrix.isZero($0 / columns, $0 % columns) }, place)
    }
  }

  @Test func moreThanTwoDimensionsAreFlattenedBehindTheFirst() throws {
    var values = [Float](repeating: 1, count: 3 * 2 * 4)
    for index in 8..<16 { values[index] = 0 }
    for row in 0..<3 { values[row * 8 + 5] = -0.0 }
    let report = try #require(
      try ModelInspection.run(MemoryModel([floats("t", [3, 2, 4], values)], chunkBytes: 12)).tensors.first)
    #expect(report.zeroLines == ZeroLines(rows: 3, columns: 8, zeroRows: 1, zeroColumns: 1))
    #expect(report.structure == .rows)
  }

  @Test func aVectorHasNoRowsAndAnEmptyMatrixHasNone() throws {
    let model = try MemoryModel([floats("v", [4], [0, 0, 1, 2]), floats("e", [0, 4], [])])
    let report = try ModelInspection.run(model)
    #expect(report.tensors[0].zeroLines == nil)
    #expect(report.tensors[1].zeroLines == ZeroLines(rows: 0, columns: 0, zeroRows: 0, zeroColumns: 0))
    #expect(report.tensors[1].structure == .empty)
  }

  private func inspect(_ matrix: RandomMatrix, chunkBytes: Int) throws -> TensorReport {
    let model = MemoryModel([(matrix.info, matrix.bytes)], chunkBytes: chunkBytes)
    var options = InspectionOptions()
    options.threads = 2
    return try #require(try ModelInspection.run(model, options).tensors.first)
  }
}
