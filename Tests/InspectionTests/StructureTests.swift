import Inspection
import MemoryModel
import TensorModel
import Testing

@Suite struct StructureTests {
  /// 100 × 50 random-looking values, zero where `isZero` says so.
  private func structure(isZero: (_ row: Int, _ column: Int) -> Bool) throws -> Structure? {
    let values = (0..<5000).map { (element: Int) -> Float in
      isZero(element / 50, element % 50) ? 0 : Float(1 + element * 7919 % 101)
    }
    return try ModelInspection.run(MemoryModel([floats("t", [100, 50], values)])).tensors[0].structure
  }

  @Test func zerosInFewPlacesAreDense() throws {
    #expect(try structure { _, _ in false } == .dense)
    #expect(try structure { row, column in column == 3 && row < 49 } == .dense)
    #expect(try structure { row, column in column == 3 && row < 50 } == .unstructured)
  }

  @Test func wholeRowsAndColumnsAreNamed() throws {
    #expect(try structure { row, _ in row == 7 } == .rows)
    #expect(try structure { _, column in column % 2 == 0 } == .columns)
    #expect(try structure { row, column in row < 60 || column == 0 } == .rows)
    #expect(try structure { row, column in row == 0 || column < 30 } == .columns)
  }

  @Test func rowsAreNamedWhileOnePercentOfTheRestIsZeroAtMost() throws {
    // 50 zero rows leave 2500 elements, of which 25 may be zero.
    #expect(try structure { row, column in row < 50 || row == 60 && column < 25 } == .rows)
    #expect(try structure { row, column in row < 50 || row == 60 && column < 26 } == .unstructured)
  }

  @Test func oneValueThroughoutIsConstantWhateverItIs() throws {
    for value in [Float(0), -0.0, 1, .nan] {
      let model = try MemoryModel([floats("t", [2, 3], Array(repeating: value, count: 6))], chunkBytes: 8)
      #expect(try ModelInspection.run(model).tensors[0].structure == .constant)
    }
    let signs = try MemoryModel([floats("t", [2], [0, -0.0])])
    #expect(try ModelInspection.run(signs).tensors[0].structure == .unstructured)
  }

  @Test func linesOfOneElementNameNoStructure() throws {
    let column = try MemoryModel([floats("t", [4, 1], [0, 1, 2, 3])])
    #expect(try ModelInspection.run(column).tensors[0].structure == .unstructured)
    let row = try MemoryModel([floats("t", [1, 4], [0, 1, 2, 3])])
    #expect(try ModelInspection.run(row).tensors[0].structure == .unstructured)
  }
}
