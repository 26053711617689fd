import Containers
import Conversion
import Kernels
import MemoryModel
import TensorModel
import Testing

/// Every method against its definition, on bits of every kind, in chunks that cut rows, groups and blocks.
@Suite struct PruningTests {
  static let dtypes: [DType] = [.f64, .f32, .f16, .bf16, .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz]
  static let everything = WeightScope(NameFilter(including: [GlobPattern("*")]))

  /// The pruned tensors, the same for every number of threads and every way to cut chunks.
  private func prune(
    _ tensors: [MemoryModel.Tensor], _ spec: String, _ scope: WeightScope = everything, norms: MemoryModel? = nil
  ) throws -> (bytes: [[UInt8]], plan: PruningPlan) {
    var first: (bytes: [[UInt8]], plan: PruningPlan)?
    for (threads, chunkBytes) in [(1, 1 << 20), (3, 56)] {
      let model = MemoryModel(tensors, chunkBytes: chunkBytes)
      let plan = try PruningPlan.make(
        model,
        PruningRequest(
          try PruningSpec(spec), activations: spec.hasPrefix("wanda") ? norms.map { ActivationNorms($0) } : nil,
          threads: threads),
        scope)
      let bytes = try contents(PrunedModel(model, plan))
      if let first {
        #expect(bytes == first.bytes)
        #expect(plan.outcomes == first.plan.outcomes)
      }
      first = (bytes, plan)
    }
    return try #require(first)
  }

  @Test(arguments: dtypes, ["0", "0.1", "0.37", "0.5", "0.9", "1"])
  func magnitudeZeroesTheSmallestOfEachTensorLowerIndexFirst(_ dtype: DType, _ share: String) throws {
    var random = SeededRandom("magnitude \(dtype.name) \(share)")
    let tensors = [randomWeights("a", dtype, [37, 29], &random), randomWeights("b", dtype, [3], &random)]
    let pruned = try prune(tensors, "magnitude:\(share)").bytes
    for (tensor, bytes) in zip(tensors, pruned) {
      let candidates = PruningReference.magnitudes(tensor).enumerated().map { (number: $0, key: $1) }
      let count = PruningReference.share(Double(share)!, of: tensor.info.elementCount)
      #expect(bytes == PruningReference.zero(PruningReference.smallest(count, candidates), in: tensor))
    }
  }

  @Test(arguments: [[DType.bf16], [.f32], [.f8e4m3fnuz], [.f32, .bf16, .f16, .f8e5m2], [.f64, .f32, .f8e4m3]])
  func globalZeroesTheSmallestOfAllTensorsWhateverTheirTypes(_ dtypes: [DType]) throws {
    var random = SeededRandom("global \(dtypes.map(\.name))")
    let tensors = (0..<5).map {
      randomWeights("\($0)", dtypes[$0 % dtypes.count], [5 + $0, 41], &random)
    }
    for share in ["0", "0.25", "0.6", "1"] {
      let pruned = try prune(tensors, "global:\(share)").bytes
      let keys = tensors.map(PruningReference.magnitudes)
      let starts = keys.indices.map { keys[..<$0].reduce(0) { $0 + $1.count } }
      let candidates = keys.joined().enumerated().map { (number: $0, key: $1) }
      let gone = PruningReference.smallest(PruningReference.share(Double(share)!, of: candidates.count), candidates)
      for (number, tensor) in tensors.enumerated() {
        let here = Set(gone.map { $0 - starts[number] })
        #expect(pruned[number] == PruningReference.zero(here, in: tensor), "share \(share), tensor \(number)")
      }
    }
  }

  @Test func globalSettlesTiesByTensorThenIndex() throws {
    let ones = [UInt8](repeating: 0, count: 16).enumerated().map { $0.offset % 2 == 0 ? 0x80 : 0x3F as UInt8 }
    let tensors = ["a", "b", "c"].map { MemoryModel.Tensor($0, .bf16, [2, 4], ones) }
    let pruned = try prune(tensors, "global:0.5").bytes
    #expect(pruned[0] == [UInt8](repeating: 0, count: 16))
    #expect(pruned[1] == [UInt8](repeating: 0, count: 8) + ones[8...])
    #expect(pruned[2] == ones)
  }

  @Test(arguments: dtypes, [(2, 4), (1, 4), (3, 7), (7, 64)])
  func groupsKeepTheLargestAlongTheInputs(_ dtype: DType, _ pattern: (kept: Int, size: Int)) throws {
    var random = SeededRandom("groups \(dtype.name)")
    let matrix = randomWeights("w", dtype, [11, 130], &random)
    let filters = randomWeights("conv", dtype, [3, 70, 3, 2], &random)
    let experts = randomWeights("experts", dtype, [2, 5, 66], &random)
    let pruned = try prune([matrix, filters, experts], "\(pattern.kept):\(pattern.size)").bytes
    for (number, (tensor, stride)) in [(matrix, 1), (filters, 6), (experts, 1)].enumerated() {
      let columns = number == 1 ? 70 * 6 : tensor.info.shape.last!
      let gone = Self.zeroedInGroups(PruningReference.magnitudes(tensor), columns, stride, pattern)
      #expect(pruned[number] == PruningReference.zero(gone, in: tensor), "\(tensor.info.name)")
    }
  }

  private static func zeroedInGroups(
    _ keys: [Double?], _ columns: Int, _ stride: Int, _ pattern: (kept: Int, size: Int)
  ) -> Set<Int> {
    let unit = pattern.size * stride
    var gone: Set<Int> = []
    for start in Swift.stride(from: 0, to: keys.count, by: columns) {
      for first in Swift.stride(from: 0, to: columns / unit * unit, by: unit) {
        for column in 0..<stride {
          let members = (0..<pattern.size).map { start + first + column + $0 * stride }
          gone.formUnion(
            PruningReference.smallest(pattern.size - pattern.kept, members.map { ($0, keys[$0]) }))
        }
      }
    }
    return gone
  }

  @Test(arguments: dtypes, ["block4x4:0.5", "block3x16:0.75", "block64x64:0.5", "block1x5:0.3", "rows:0.25", "rows:1"])
  func blocksOfLeastMeanSquareGo(_ dtype: DType, _ spec: String) throws {
    var random = SeededRandom("\(spec) \(dtype.name)")
    let tensors = [
      randomWeights("w", dtype, [23, 45], &random, isFinite: true),
      randomWeights("conv", dtype, [7, 5, 3, 3], &random, isFinite: true),
      randomWeights("special", dtype, [16, 16], &random),
    ]
    let pruned = try prune(tensors, spec).bytes
    let share = Double(spec.split(separator: ":")[1])!
    let size =
      spec.hasPrefix("block") ? spec.dropFirst(5).prefix { $0 != ":" }.split(separator: "x").map { Int($0)! } : []
    for (number, tensor) in tensors.enumerated() {
      let columns = tensor.info.elementCount / tensor.info.shape[0]
      let gone = Self.zeroedInBlocks(
        PruningReference.magnitudes(tensor), columns, size.first ?? 1, size.last ?? columns, share)
      #expect(pruned[number] == PruningReference.zero(gone, in: tensor), "\(tensor.info.name)")
    }
  }

  private static func zeroedInBlocks(
    _ keys: [Double?], _ columns: Int, _ height: Int, _ width: Int, _ share: Double
  ) -> Set<Int> {
    let across = (columns + width - 1) / width
    var members: [Int: [Int]] = [:]
    for index in keys.indices {
      members[index / columns / height * across + index % columns / width, default: []].append(index)
    }
    let means = members.sorted { $0.key < $1.key }.map { number, members in
      (number: number, key: Self.meanSquare(members.map { keys[$0] }))
    }
    let gone = PruningReference.smallest(PruningReference.share(share, of: means.count), means)
    return Set(gone.flatMap { members[$0]! })
  }

  private static func meanSquare(_ values: [Double?]) -> Double? {
    let sum = values.reduce(0.0) { $0 + ($1 ?? .nan) * ($1 ?? .nan) }
    return sum.isFinite ? sum / Double(values.count) : nil
  }

  @Test(arguments: dtypes, ["wanda:0.5", "wanda:0.1", "wanda:2:4"])
  func wandaComparesWeightsTimesTheirInputsInEachRow(_ dtype: DType, _ spec: String) throws {
    var random = SeededRandom("\(spec) \(dtype.name)")
    let tensors = [
      randomWeights("w.weight", dtype, [9, 50], &random), randomWeights("conv.weight", dtype, [4, 9, 3], &random),
    ]
    let norms = [50, 27].map { count in (0..<count).map { _ in Float.random(in: 0...4, using: &random) } }
    let activations = MemoryModel([
      MemoryModel.Tensor("w.weight", .f32, [50], norms[0].flatMap(littleEndian)),
      MemoryModel.Tensor("conv.weight.input_norm", .f32, [27], norms[1].flatMap(littleEndian)),
    ])
    let pruned = try prune(tensors, spec, norms: activations).bytes
    for (number, tensor) in tensors.enumerated() {
      let columns = norms[number].count
      let scores = PruningReference.magnitudes(tensor).enumerated().map { index, magnitude in
        magnitude.map { $0 * Double(norms[number][index % columns]) }
      }
      var gone: Set<Int> = []
      if spec == "wanda:2:4" {
        gone = Self.zeroedInGroups(scores, columns, number == 0 ? 1 : 3, (2, 4))
      } else {
        for row in stride(from: 0, to: scores.count, by: columns) {
          let count = PruningReference.share(spec == "wanda:0.5" ? 0.5 : 0.1, of: columns)
          gone.formUnion(PruningReference.smallest(count, (row..<row + columns).map { ($0, scores[$0]) }))
        }
      }
      #expect(pruned[number] == PruningReference.zero(gone, in: tensor), "\(tensor.info.name)")
    }
  }

  @Test func everyRangeIsWhatTheWholeTensorHasThere() throws {
    var random = SeededRandom("ranges")
    let tensor = randomWeights("w", .f32, [6, 5, 3], &random)
    let norms = MemoryModel([MemoryModel.Tensor("w", .f32, [15], (1...15).flatMap { littleEndian(Float($0)) })])
    for spec in ["magnitude:0.5", "global:0.5", "2:4", "block4x4:0.5", "rows:0.5", "wanda:0.5", "wanda:2:4"] {
      let (bytes, plan) = try prune([tensor], spec, norms: norms)
      let session = PrunedModel(MemoryModel([tensor]), plan).makeSession()
      for _ in 0..<200 {
        let ends = [Int.random(in: 0...360, using: &random), Int.random(in: 0...360, using: &random)].sorted()
        let lent = try session.withBytes(of: 0, ends[0]..<ends[1]) { (bytes) throws(ModelError) in
          unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
        }
        #expect(lent == Array(bytes[0][ends[0]..<ends[1]]), "\(spec) \(ends)")
      }
    }
  }

  @Test func countsAndErrorAreThoseOfTheResult() throws {
    var random = SeededRandom("counts")
    let tensor = randomWeights("w", .f32, [300, 41], &random, isFinite: true)
    let norms = MemoryModel([MemoryModel.Tensor("w", .f32, [41], (1...41).flatMap { littleEndian(Float($0)) })])
    for spec in ["magnitude:0.5", "global:0.5", "2:4", "block4x4:0.5", "rows:0.5", "wanda:0.5", "wanda:2:4"] {
      let (bytes, plan) = try prune([tensor], spec, norms: norms)
      guard case .changed(let counts) = plan.outcomes[0] else {
        Issue.record("\(spec) left the tensor alone")
        continue
      }
      let before = PruningReference.magnitudes(tensor).map { $0! }
      let after = PruningReference.magnitudes(MemoryModel.Tensor("w", .f32, [300, 41], bytes[0])).map { $0! }
      #expect(counts.elements == before.count)
      #expect(counts.zerosBefore == before.count { $0 == 0 })
      #expect(counts.zeros == after.count { $0 == 0 })
      let lost = zip(before, after).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      let error = (lost / before.reduce(0.0) { $0 + $1 * $1 }).squareRoot()
      #expect(abs(counts.relativeError - error) <= 1e-12 * error, "\(spec)")
      #expect(plan.totals == counts)
    }
  }

  @Test func knownZerosArePrunedWithoutReadingThem() throws {
    let tensors = [
      MemoryModel.Tensor("zeros", .f32, [1 << 20, 1 << 18], repeating: [0, 0, 0, 0x80]),
      MemoryModel.Tensor("w", .f32, [2, 2], (1...4).flatMap { littleEndian(Float($0)) }),
    ]
    let model = MemoryModel(tensors)
    let plan = try PruningPlan.make(
      model, PruningRequest(try PruningSpec("magnitude:0.5"), threads: 2), Self.everything)
    let block = try PrunedModel(model, plan).makeSession().repeatedBlock(of: 0, 0..<4096)
    #expect(block == [0, 0, 0, 0])
    #expect(model.bytesRead < 100)
    guard case .changed(let counts) = plan.outcomes[0] else {
      Issue.record("the zeros were left alone")
      return
    }
    #expect(counts.zeros == 1 << 38)
    #expect(counts.zerosBefore == 1 << 38)
  }

  @Test func damageNamesTheTensor() throws {
    var tensor = MemoryModel.Tensor("w", .f32, [2, 2], [UInt8](repeating: 1, count: 16))
    tensor.damage = 5..<6
    let error = #expect(throws: ModelError.self) {
      try PruningPlan.make(MemoryModel([tensor]), PruningRequest(PruningSpec("magnitude:0.5"), threads: 1))
    }
    #expect(error?.description == "memory: tensor 'w': a checksum does not hold (at byte 5)")
  }
}

func littleEndian(_ value: Float) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
