import Containers
import Conversion
import MemoryModel
import TensorModel
import Testing

/// Plans and layers; `Tests/Peers/check_quantization.py` says what numbers become.
@Suite struct QuantizationTests {
  static let everything = WeightScope(NameFilter(including: [GlobPattern("*")]), .quantization)

  private func plan(
    _ model: MemoryModel, _ spec: String, _ scope: WeightScope = everything, threads: Int = 1
  ) throws -> QuantizationPlan {
    try QuantizationPlan.make(model, QuantizationRequest(try QuantizationSpec(spec), threads: threads), scope)
  }

  private func words(_ bytes: [UInt8]) -> [Float] {
    stride(from: 0, to: bytes.count, by: 4).map { start in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) })
    }
  }

  private func tensor(_ name: String, _ shape: [Int], _ values: [Float]) -> MemoryModel.Tensor {
    MemoryModel.Tensor(name, .f32, shape, littleEndian(values.map(\.bitPattern)))
  }

  private func counts(_ plan: QuantizationPlan, _ tensor: Int = 0) -> QuantizationCounts? {
    if case .changed(let counts) = plan.outcomes[tensor] { counts } else { nil }
  }

  @Test(
    arguments: [
      "int8", "int4:g32", "int3:asym", "int4:block8x16", "ternary", "ternary:g16", "palette9", "nf4", "mxfp4",
      "fp8:tensor",
    ])
  func bytesDoNotDependOnHowChunksAreCutNorOnThreads(_ spec: String) throws {
    var random = SeededRandom("cuts \(spec)")
    let tensors = [
      randomWeights("a", .bf16, [37, 129], &random), randomWeights("b", .f32, [6, 5, 3, 3], &random),
      randomWeights("c", .f16, [301], &random), randomWeights("d", .f16, [], &random),
      MemoryModel.Tensor("e", .f32, [0, 4], []),
    ]
    let whole = MemoryModel(tensors)
    let pieces = MemoryModel(tensors, chunkBytes: 56)
    let (first, second) = (try plan(whole, spec), try plan(pieces, spec, threads: 3))
    #expect(first.outcomes == second.outcomes)
    #expect(first.outcomes[4] == .left(.empty))
    #expect(try contents(QuantizedModel(whole, first)) == contents(QuantizedModel(pieces, second)))
    // Ranges that begin and end inside elements.
    let model = QuantizedModel(whole, first)
    #expect(try bytes(of: 0, model, pieceBytes: 53) == contents(model)[0])
  }

  @Test func levelsTimesScalesAreAsTheConventionSays() throws {
    let model = MemoryModel([tensor("w", [2, 4], [7, -3.4, 0.5, 1.5, -14, 5, 1, -0.0])])
    func quantised(_ spec: String) throws -> [Float] {
      words(try contents(QuantizedModel(model, plan(model, spec)))[0])
    }
    #expect(try quantised("int4:row") == [7, -3, 0, 2, -14, 4, 0, 0])
    #expect(try quantised("int4:tensor") == [8, -4, 0, 2, -14, 4, 0, 0])
    #expect(try quantised("int2:row") == [7, 0, 0, 0, -14, 0, 0, 0])
    #expect(try quantised("mxfp4") == [6, -3, 0.5, 1.5, -12, 4, 1, 0])
  }

  @Test func aPaletteHoldsFewValuesAsTheyAreAndMovesManyToTheirMeans() throws {
    let few = MemoryModel([tensor("w", [2, 3], [0.1, -7, 0.1, 3, 1e-30, 0])])
    #expect(try contents(QuantizedModel(few, plan(few, "palette5"))) == contents(few))
    #expect(counts(try plan(few, "palette5"))?.error.sqnr == .infinity)
    let many = MemoryModel([tensor("w", [2, 4], [1, 1.5, 2, 10, 11, 12, 11, 1.5])])
    let result = words(try contents(QuantizedModel(many, plan(many, "palette2")))[0])
    #expect(result == [1.5, 1.5, 1.5, 11, 11, 11, 11, 1.5])
    // With a zero, one value is 0.
    let zero = MemoryModel([tensor("w", [2, 4], [1, 1.5, 2, 10, 11, 12, 11, 0])])
    #expect(Set(words(try contents(QuantizedModel(zero, plan(zero, "palette2")))[0])).count == 2)
    #expect(words(try contents(QuantizedModel(zero, plan(zero, "palette2")))[0])[7] == 0)
  }

  @Test func scalesOfLongRowsAreFoundOnce() throws {
    var random = SeededRandom("long rows")
    let values = (0..<(2 * 150_000)).map { _ in Float(Int(random.next() % 2001) - 1000) }
    let model = MemoryModel([tensor("w", [2, 150_000], values)], chunkBytes: 4096)
    let result = words(try contents(QuantizedModel(model, plan(model, "int8:row")))[0])
    for row in 0..<2 {
      let range = row * 150_000..<(row + 1) * 150_000
      let scale = values[range].map(\.magnitude).max()! / 127
      #expect(range.allSatisfy { result[$0] == (values[$0] / scale).rounded(.toNearestOrEven) * scale })
    }
  }

  @Test func zerosThatAContainerKnowsAreNotReadAndStayZeros() throws {
    let model = MemoryModel([MemoryModel.Tensor("w", .bf16, [1 << 20, 1 << 20], repeating: [0, 0x80])])
    for spec in ["int4", "ternary:row", "fp8:tensor", "palette16"] {
      let plan = try plan(model, spec)
      #expect(counts(plan)?.zeros == 1 << 40)
      #expect(counts(plan)?.error.sqnr == .infinity)
      let session = QuantizedModel(model, plan).makeSession()
      #expect(try session.repeatedBlock(of: 0, 0..<4096) == [0, 0])
      #expect(model.bytesRead == 0)
    }
  }

  @Test func floatsThatCannotLieOnAGridAndUnnamedOnesAreLeftAlone() throws {
    let tensors = [
      MemoryModel.Tensor("f8", .f8e4m3, [2, 2], [1, 2, 3, 4]),
      MemoryModel.Tensor("f64", .f64, [1, 1], [UInt8](repeating: 1, count: 8)),
      MemoryModel.Tensor("embed.weight", .f32, [1, 1], [0, 0, 128, 63]),
      MemoryModel.Tensor("w", .f32, [1, 1], [0, 0, 128, 63]),
    ]
    let model = MemoryModel(tensors)
    let plan = try plan(model, "int4", WeightScope(NameFilter(), .quantization))
    #expect(plan.outcomes.prefix(3) == [.left(.notFloat), .left(.notFloat), .left(.embedding)])
    #expect(counts(plan, 3)?.elements == 1)
    let error = #expect(throws: ModelError.self) { try self.plan(MemoryModel([tensors[0]]), "int4") }
    #expect(error?.code == .usage)
    #expect(error?.description == "memory: no tensor is quantised: 1 of no float type that is quantised")
  }

  @Test func damageIsAnErrorThatNamesTheTensor() throws {
    var weights = tensor("w", [4, 4], [Float](repeating: 1, count: 16))
    weights.damage = 20..<21
    let error = #expect(throws: ModelError.self) { try self.plan(MemoryModel([weights]), "palette4") }
    #expect(error?.code == .damaged)
    #expect(error?.description.hasPrefix("memory: tensor 'w': ") == true)
  }
}
