import Encodings
import Kernels
import TensorModel

extension TensorPlanner {
  /// A difference that is that much smaller than what serves without a base is taken without trying both on every chunk.
  private static let clearlySmaller = 0.8
  /// One that is that much larger is not tried again.
  private static let hopeless = 1.1
  /// One order of two that is that much smaller is taken.
  private static let smallerOrder = 0.97
  private static let trialBytes = 256 << 10

  /// Lends a range of a tensor's bytes, and of its base's.
  typealias LendPair = (Range<Int>, (RawSpan, RawSpan) throws(ModelError) -> Void) throws(ModelError) -> Void

  /// The decision for a tensor that a base has too: what its chunks are offered besides. Chunks that are the base's bytes
  /// are found in any case.
  /// - Parameter pairs: lends a range of the tensor's bytes and of the base's.
  func withDelta(
    _ decision: Decision, _ info: TensorInfo, _ workspace: EncodingWorkspace, pairs: LendPair
  ) throws(ModelError) -> Decision {
    var decision = decision
    decision.plan.deltas = [.sorted, .asTheyAre]
    guard let range = try differingPiece(info, pairs) else { return decision }
    func fraction(_ deltas: [DeltaOrder]) throws(ModelError) -> Double {
      var plan = decision.plan
      plan.deltas = deltas
      plan.takesDelta = !deltas.isEmpty
      try pairs(range) { (bytes, base) throws(ModelError) in
        _ = ChunkCodec.encode(bytes, at: range.lowerBound, base: base, plan: plan, workspace)
      }
      return Double(workspace.encodedByteCount) / Double(range.count)
    }
    let without = try fraction([])
    let (plain, sorted) = (try fraction([.asTheyAre]), try fraction([.sorted]))
    let best = min(plain, sorted)
    decision.sampled = [(decision.plan.values[0], without), ("delta", plain), ("sorted+delta", sorted)]
    if best > Self.hopeless * without {
      decision.plan.deltas = []
    } else if sorted < Self.smallerOrder * plain {
      decision.plan.deltas = [.sorted]
    } else if plain < Self.smallerOrder * sorted {
      decision.plan.deltas = [.asTheyAre]
    }
    decision.plan.takesDelta = best < Self.clearlySmaller * without
    return decision
  }

  /// A piece of the tensor, of a few in its middle and at its ends, that is not the base's; nil where all are.
  private func differingPiece(
    _ info: TensorInfo, _ pairs: LendPair
  ) throws(ModelError) -> Range<Int>? {
    let grid = ChunkGrid(info, target: Self.trialBytes)
    guard grid.count > 0 else { return nil }
    for chunk in [grid.count / 2, 0, grid.count - 1] {
      let range = grid.bytes(ofChunk: chunk)
      var isEqual = false
      try pairs(range) { (bytes, base) throws(ModelError) in isEqual = ByteCompare.areEqual(bytes, base) }
      if !isEqual { return range }
    }
    return nil
  }
}
