import MemoryModel
import Packing
import Synchronization
import TensorModel
import Testing

@testable internal import Inspection

@Suite struct ModelInspectionTests {
  /// One random matrix of each dtype.
  static func everyDType(seed: UInt64, chunkBytes: Int) throws -> MemoryModel {
    var generator = SeededGenerator(seed: seed)
    return MemoryModel(
      try DType.all.map { dtype in
        let matrix = try RandomMatrix("layers.0.\(dtype.name).w", dtype, rows: 37, columns: 96, using: &generator)
        return (matrix.info, matrix.bytes)
      }, chunkBytes: chunkBytes)
  }

  @Test func anyNumberOfThreadsGivesTheSameDocument() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    let model = try Self.everyDType(seed: seed, chunkBytes: 100)
    let documents = try [1, 2, 3, 8].map { threads in
      var options = InspectionOptions()
      options.threads = threads
      let report = try ModelInspection.run(model, options, estimator: TenthEstimating())
      return InspectionJSON.document([report], version: "1")
    }
    #expect(Set(documents).count == 1, "seed \(seed)")
  }

  @Test func headersAreReadAloneWhereThatIsAsked() throws {
    let model = try MemoryModel([floats("t", [2], [1, 2])])
    var options = InspectionOptions()
    options.headerOnly = true
    let report = try ModelInspection.run(model, options, estimator: TenthEstimating())
    #expect(model.bytesRead == 0)
    #expect(report.tensors[0].values == nil && report.tensors[0].structure == nil && report.tensors[0].packed == nil)
    #expect(report.totals.elementCount == 2 && report.totals.values == nil)
  }

  @Test func everyByteIsReadOnceAndReported() throws {
    let model = try Self.everyDType(seed: 1, chunkBytes: 64)
    let done = Mutex(0)
    _ = try ModelInspection.run(model) { bytes in done.withLock { $0 += bytes } }
    let all = model.catalog.tensors.reduce(0) { $0 + $1.info.byteCount }
    #expect(model.bytesRead == all)
    #expect(done.withLock { $0 } == all)
  }

  @Test func anErrorNamesItsTensor() throws {
    var tensor = MemoryModel.Tensor("spoilt", .u8, [3], [1, 2, 3])
    tensor.damage = 1..<2
    let model = MemoryModel([tensor])
    let error = #expect(throws: ModelError.self) { try ModelInspection.run(model) }
    #expect(error?.description == "tensor 'spoilt': a checksum does not hold (at byte 1)")
  }

  @Test func aTensorOfOneRepeatedBlockTakesNoTime() throws {
    let zeros = try TensorInfo(name: "z", dtype: .f32, shape: [1 << 20, 1 << 34])
    let ones = try TensorInfo(name: "o", dtype: .bf16, shape: [1 << 20, 1 << 20])
    let mixed = try TensorInfo(name: "m", dtype: .f4, shape: [3, 50])
    let model = MemoryModel(
      [(zeros, []), (ones, []), (mixed, [UInt8](repeating: 0x30, count: 75))], chunkBytes: 32,
      repeatedBlocks: [0: [0, 0, 0, 0], 1: [0x80, 0x3F], 2: [0x30]])
    let report = try ModelInspection.run(model, estimator: TenthEstimating())
    let z = try #require(report.tensors[0].values)
    #expect(z.zeros == 1 << 54 && z.negativeZeros == 0 && report.tensors[0].structure == .constant)
    #expect(report.tensors[0].zeroLines?.zeroRows == 1 << 20)
    #expect(report.tensors[0].zeroLines?.zeroColumns == nil)
    #expect(report.tensors[1].values?.moments?.mean == 1)
    #expect(report.tensors[1].zeroLines?.zeroRows == 0 && report.tensors[1].zeroLines?.zeroColumns == 0)
    #expect(report.tensors[1].packed?.encodings == ["constant": 1 << 36])
    // Every other element is zero, so half of the columns are.
    #expect(report.tensors[2].zeroLines == ZeroLines(rows: 3, columns: 50, zeroRows: 0, zeroColumns: 25))
    #expect(report.tensors[2].structure == .columns)
  }

  @Test func aPackedModelKnowsItsSizesWithoutAnEstimator() throws {
    let model = PackedModel(try MemoryModel([floats("t", [2], [1, 2]), floats("u", [4], [1, 2, 3, 4])]))
    for headerOnly in [false, true] {
      var options = InspectionOptions()
      options.headerOnly = headerOnly
      let report = try ModelInspection.run(model, options, estimator: TenthEstimating())
      #expect(report.isPacked && report.tensors.map { $0.packed?.byteCount } == [5, 6])
      #expect(report.totals.packed?.rankedEncodings.map(\.id) == (headerOnly ? [] : ["fused", "constant"]))
      #expect(report.totals.packed?.isSampled == false)
      #expect((report.tensors[0].values == nil) == headerOnly)
    }
  }

  @Test func aFifthChunkMakesTheProjectionASample() throws {
    // Chunks of 40 bytes: ten floats.
    func packed(_ chunks: Int, exact: Bool = false) throws -> PackedSize? {
      var options = InspectionOptions()
      options.isExact = exact
      let values = (0..<chunks * 10).map { Float($0 + 1) }
      let model = try MemoryModel([floats("t", [chunks * 10], values)], chunkBytes: 40)
      return try ModelInspection.run(model, options, estimator: TenthEstimating()).tensors[0].packed
    }
    let four = try #require(try packed(4))
    #expect(four.byteCount == 16 && !four.isSampled && four.encodings.values.reduce(0, +) == 4)
    let seventeen = try #require(try packed(17))
    #expect(seventeen.byteCount == 68 && seventeen.isSampled && seventeen.encodings.values.reduce(0, +) == 5)
    let exact = try #require(try packed(17, exact: true))
    #expect(exact.byteCount == 68 && !exact.isSampled && exact.encodings.values.reduce(0, +) == 17)
  }

  @Test func layersAddUpToTheTotals() throws {
    var options = InspectionOptions()
    options.grouping = .layer
    let model = try MemoryModel([
      floats("h.0.a.weight", [2, 2], [0, 0, 1, 2]), floats("h.1.a.weight", [3], [0, 4, 5]),
      floats("h.0.b.bias", [2], [-0.0, .nan]), floats("lone", [1], [7]),
    ])
    let report = try ModelInspection.run(model, options, estimator: TenthEstimating())
    #expect(report.layers.map(\.name) == ["h.0", "h.1", "lone"])
    #expect(report.layers.map(\.tensorCount) == [2, 1, 1])
    #expect(report.layers.map { $0.values?.zeros } == [3, 1, 0])
    #expect(report.layers.reduce(0) { $0 + $1.byteCount } == report.totals.byteCount)
    #expect(report.layers.reduce(0) { $0 + ($1.packed?.byteCount ?? 0) } == report.totals.packed?.byteCount)
    #expect(report.totals.values?.zeros == 4 && report.totals.values?.negativeZeros == 1)
    #expect(report.totals.values?.nans == 1 && report.totals.values?.elementCount == 10)
    let mean = try #require(report.totals.values?.moments?.mean)
    #expect(abs(mean - 19.0 / 9) < 1e-15)
  }

  @Test func filtersChooseWhatIsReadAndTotalled() throws {
    let model = try MemoryModel([
      floats("a.weight", [1], [1]), floats("a.bias", [2], [0, 0]), floats("b.weight", [1], [3]),
    ])
    var options = InspectionOptions()
    options.names = NameFilter(including: [GlobPattern("*.weight")], excluding: [GlobPattern("b.*")])
    let report = try ModelInspection.run(model, options)
    #expect(report.tensors.map(\.info.name) == ["a.weight"])
    #expect(report.totals.elementCount == 1)
    #expect(model.bytesRead == 4)
  }

  @Test(arguments: [
    (InspectionOptions.Order.file, ["b", "a", "d", "c"]), (.name, ["a", "b", "c", "d"]),
    (.bytes, ["d", "b", "a", "c"]),
    (.sparsity, ["a", "d", "b", "c"]), (.savings, ["d", "b", "a", "c"]),
  ])
  func rowsAreSortedAndTiesStayInFileOrder(_ order: InspectionOptions.Order, _ names: [String]) throws {
    let model = try MemoryModel([
      floats("b", [2], [1, 2]), floats("a", [2], [0, 0]), floats("d", [10], [0, 0, 0, 1, 1, 1, 1, 1, 1, 1]),
      floats("c", [1], [1]),
    ])
    var options = InspectionOptions()
    options.order = order
    #expect(
      try ModelInspection.run(model, options, estimator: TenthEstimating()).tensors.map(\.info.name) == names)
  }

  @Test func aModelWithoutTensorsIsInspected() throws {
    let report = try ModelInspection.run(MemoryModel([]))
    #expect(report.totals.tensorCount == 0 && report.totals.values == nil)
  }
}
