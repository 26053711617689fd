import Inspection
import MemoryModel
import TensorModel
import Testing

@Suite struct ConditionTests {
  /// `a`: half zeros; `b`: a NaN, no zeros; `ids`: whole numbers.
  private func report(_ adjust: (inout InspectionOptions) -> Void = { _ in }) throws -> ModelReport {
    let ids = try TensorInfo(name: "ids", dtype: .u8, shape: [4])
    var options = InspectionOptions()
    adjust(&options)
    return try ModelInspection.run(
      MemoryModel([
        try floats("a", [4], [0, -0.0, 1, 2]), try floats("b", [2], [.nan, 3]), (ids, [1, 2, 3, 4]),
      ]), options)
  }

  @Test(
    arguments: [
      ("sparsity<0.5", ["sparsity is 0.2"]), ("sparsity<20%", []), ("sparsity<=20%", ["sparsity is 0.2"]),
      ("sparsity >= 0.2", ["sparsity is 0.2"]), ("zeros==2", ["zeros is 2"]), ("zeros!=2", []),
      ("nan>0 and zeros>1", ["nan is 1, zeros is 2"]), ("nan>0 and zeros>2", []),
      ("tensor.sparsity<0.4", ["tensor 'b': sparsity is 0.0", "tensor 'ids': sparsity is 0.0"]),
      ("tensor.sparsity<0.4 and tensor.nan>0", ["tensor 'b': sparsity is 0.0, nan is 1"]),
      ("tensor.sparsity>0.4 and tensor.nan>0", []),
      (
        "tensor.max>=3 and elements==10",
        ["tensor 'b': max is 3.0, elements is 10", "tensor 'ids': max is 4, elements is 10"]
      ),
      // Floats and whole numbers together have no largest.
      ("max>-inf", []), ("max<=inf", []),
      ("tensor.distinct==4", ["tensor 'a': distinct is 4", "tensor 'ids': distinct is 4"]),
    ] as [(String, [String])])
  func holdsWhereItsComparisonsDo(_ text: String, _ places: [String]) throws {
    #expect(try ReportCondition(text).places(in: report()) == places)
  }

  @Test(
    arguments: [
      ("", "'' compares nothing"), ("sparsity", "'sparsity' compares nothing"), ("sparsity<", "'' is no number"),
      ("sparsity<x", "'x' is no number"), ("sparsity<nan", "'nan' is no number"), ("size<1", "unknown key 'size'"),
      ("distinct<1", "unknown key 'distinct'"), ("tensor.tensors<1", "unknown key 'tensor.tensors'"),
      ("zeros<1 and", "'' compares nothing"), ("zeros<1 or nan>1", "'1ornan>1' is no number"),
    ])
  func nonsenseIsNamed(_ text: String, _ message: String) {
    let error = #expect(throws: ReportCondition.SyntaxError.self) { try ReportCondition(text) }
    #expect(error?.message == message)
  }

  @Test func onlyWhatAHeaderTellsNeedsNoData() throws {
    #expect(try !ReportCondition("tensors>1 and bytes>2 and tensor.elements>3").needsData)
    #expect(try ReportCondition("tensors>1 and zeros>2").needsData)
    #expect(try ReportCondition("tensors==3").places(in: report { $0.headerOnly = true }) == ["tensors is 3"])
  }
}
