import Encodings
import TensorModel

/// Looks at a sample of a tensor and decides what its chunks are offered.
struct TensorPlanner {
  let effort: Effort
  /// A model of floats and its table of codes take more than they save in less.
  private static let smallestModelledBytes = 256

  /// A plan, and why it is so.
  struct Decision: Sendable {
    var plan: TensorPlan
    var chunkBytes = ChunkGrid.defaultChunkBytes
    /// What each candidate took of the sample, as a fraction of it; empty where nothing was sampled.
    var sampled: [(candidate: String, fraction: Double)] = []
    /// The grid that was found, where `grid` or `palette` is the likeliest to be chosen.
    var grid: GridFinding?
  }

  /// - Parameters:
  ///   - window: the part of the tensor that may be looked at, in bytes: whole blocks.
  ///   - bytes: lends a range of the tensor's bytes.
  func decide(
    _ info: TensorInfo, in window: Range<Int>, _ workspace: EncodingWorkspace, bytes: Lend
  ) throws(ModelError) -> Decision {
    if let type = info.dtype.blockType { return try blocks(type, info, window, workspace, bytes) }
    var decision = try general(info, window, workspace, bytes)
    if let special = try special(info, window, decision, workspace, bytes) { decision = special }
    decision.plan.groups = try groups(info, window, decision.plan.element, workspace, bytes)
    if effort.ordersRows { decision.plan.rowBytes = rowBytes(info) }
    return decision
  }

  /// Bytes of a row: along the last dimension, or where that is short, of all but the first.
  private func rowBytes(_ info: TensorInfo) -> Int {
    guard info.shape.count >= 2, info.elementCount > 0, info.dtype.blockElements == 1 else { return 0 }
    if info.rowBytes >= 64 { return info.rowBytes }
    return info.byteCount / info.shape[0]
  }

  /// Lends a range of a tensor's bytes.
  typealias Lend = (Range<Int>, (RawSpan) throws(ModelError) -> Void) throws(ModelError) -> Void

  /// What serves weights of any kind.
  private func general(
    _ info: TensorInfo, _ window: Range<Int>, _ workspace: EncodingWorkspace, _ bytes: Lend
  ) throws(ModelError) -> Decision {
    let element = ElementType(info.dtype)
    guard element.isFloat, window.count >= Self.smallestModelledBytes else {
      return Decision(plan: TensorPlan(element: element, values: ["bytes"], searchesMatches: true))
    }
    if effort.level == 1 {
      return Decision(plan: TensorPlan(element: element, values: ["planes"], searchesMatches: false))
    }
    if effort.level == 2 {
      return Decision(plan: TensorPlan(element: element, values: ["fused"], searchesMatches: false))
    }
    if effort.isExact, window.count < 65536 {
      return Decision(plan: TensorPlan(element: element, values: ["fused", "planes", "bytes"], searchesMatches: true))
    }
    if window.count < 65536 {
      return Decision(plan: TensorPlan(element: element, values: ["fused", "bytes"], searchesMatches: true))
    }
    return try sample(info, window, element, workspace, bytes)
  }

  /// Of block types: fields apart, or bytes as any others where the blocks themselves recur.
  private func blocks(
    _ type: BlockType, _ info: TensorInfo, _ window: Range<Int>, _ workspace: EncodingWorkspace, _ bytes: Lend
  ) throws(ModelError) -> Decision {
    var apart = TensorPlan(element: .byte, values: ["blocks"], searchesMatches: false)
    apart.blocks = type
    apart.rowBlocks = info.rowBytes / info.dtype.blockBytes
    var both = apart
    both.values.append("bytes")
    both.searchesMatches = true
    guard window.count >= 65536, effort.level > 1 else { return Decision(plan: effort.level > 1 ? both : apart) }
    let sample = try pieces(of: info, window, bytes)
    let bytesAlone = TensorPlan(element: .byte, values: ["bytes"], searchesMatches: true)
    var sampled: [(candidate: String, fraction: Double)] = []
    for (name, plan) in [("blocks", apart), ("bytes + matches", bytesAlone)] {
      _ = unsafe ChunkCodec.encode(sample.span.bytes, at: 0, plan: plan, workspace)
      sampled.append((name, Double(workspace.encodedByteCount) / Double(sample.count)))
    }
    let recurs = sampled[1].fraction < 0.97 * sampled[0].fraction
    return Decision(plan: recurs ? both : apart, sampled: sampled)
  }

  /// Three pieces of a tensor, behind each other.
  private func pieces(of info: TensorInfo, _ window: Range<Int>, _ bytes: Lend) throws(ModelError) -> [UInt8] {
    var sample: [UInt8] = []
    let piece = min(max(window.count / 128, 4096), 32768) / info.dtype.blockBytes * info.dtype.blockBytes
    for number in 0..<3 {
      let start =
        window.lowerBound + (window.count - piece) / 2 * number / info.dtype.blockBytes * info.dtype.blockBytes
      try bytes(start..<(start + piece)) { (span) throws(ModelError) in
        unsafe span.withUnsafeBytes { unsafe sample.append(contentsOf: $0) }
      }
    }
    return sample
  }

  private func sample(
    _ info: TensorInfo, _ window: Range<Int>, _ element: ElementType, _ workspace: EncodingWorkspace, _ bytes: Lend
  ) throws(ModelError) -> Decision {
    let sample = try pieces(of: info, window, bytes)
    let plans = [
      ("fused", TensorPlan(element: element, values: ["fused"], searchesMatches: false)),
      ("fused + matches", TensorPlan(element: element, values: ["fused"], searchesMatches: true)),
      ("bytes + matches", TensorPlan(element: element, values: ["bytes"], searchesMatches: true)),
    ]
    var sampled: [(candidate: String, fraction: Double)] = []
    for (name, plan) in plans {
      _ = unsafe ChunkCodec.encode(sample.span.bytes, at: 0, plan: plan, workspace)
      let size = workspace.encodedByteCount
      sampled.append((name, Double(size) / Double(sample.count)))
    }
    if effort.isExact {
      // Each chunk is tried in both ways, but for what is far behind in the sample.
      let hasHope = sampled[2].fraction < 1.05 * sampled[0].fraction
      let values = hasHope ? ["fused", "planes", "bytes"] : ["fused", "planes"]
      return Decision(
        plan: TensorPlan(element: element, values: values, searchesMatches: true), sampled: sampled)
    }
    var plan = plans[0].1
    if sampled[2].fraction < 0.97 * sampled[0].fraction {
      plan.values = ["bytes", "fused"]
      plan.searchesMatches = true
    } else if sampled[1].fraction < 0.99 * sampled[0].fraction {
      plan.searchesMatches = true
    }
    return Decision(plan: plan, sampled: sampled)
  }
}
