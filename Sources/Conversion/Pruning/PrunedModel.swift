public import Containers
import Kernels
public import TensorModel

/// A model whose tensors are pruned as a plan says.
///
/// Sessions zero elements in the chunk that they lend. They read no more than it, but where a decision needs to see the
/// rest of a group, or of a row.
public final class PrunedModel: ModelLayer {
  public let base: any ContainerReader
  public let plan: PruningPlan
  public var catalog: Catalog { base.catalog }

  /// - Precondition: `plan` was made for `base`.
  public init(_ base: any ContainerReader, _ plan: PruningPlan) {
    precondition(plan.rules.count == base.catalog.tensors.count)
    self.base = base
    self.plan = plan
  }

  public func grid(of tensor: Int) -> ChunkGrid { base.grid(of: tensor) }
  public func makeSession() -> any TensorSession { PrunedSession(self) }
}

private final class PrunedSession: TensorSession {
  private let model: PrunedModel
  private let base: any TensorSession
  private let workspace = PruningWorkspace()

  init(_ model: PrunedModel) {
    self.model = model
    base = model.base.makeSession()
  }

  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    guard let rule = model.plan.rules[tensor], !range.isEmpty else {
      return try base.withBytes(of: tensor, range, body)
    }
    let width = model.catalog.tensors[tensor].info.dtype.blockBytes
    let elements = rule.context(of: range.lowerBound / width..<(range.upperBound - 1) / width + 1)
    let bytes = elements.lowerBound * width..<elements.upperBound * width
    try base.withBytes(of: tensor, bytes) { (source) throws(ModelError) in
      try rule.prune(source, elements, workspace)
    }
    let start = range.lowerBound - bytes.lowerBound
    let pruned = workspace.pruned
    return try body(unsafe pruned.span.bytes.extracting(start..<start + range.count))
  }

  func release(of tensor: Int, _ range: Range<Int>) { base.release(of: tensor, range) }

  /// Known only of zeros, which stay what they are but for their sign.
  func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
    let block = try base.repeatedBlock(of: tensor, range)
    guard model.plan.rules[tensor] != nil, let block else { return block }
    guard let order = MagnitudeOrder(model.catalog.tensors[tensor].info.dtype),
      unsafe PruneMagnitude.count(of: 0, in: block.span.bytes, order) * order.dtype.blockBytes == block.count
    else { return nil }
    return [UInt8](repeating: 0, count: block.count)
  }
}
