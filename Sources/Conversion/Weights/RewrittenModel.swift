public import Containers
import Kernels
public import TensorModel

/// A model whose weights become what a plan has decided.
///
/// Sessions rewrite elements in the chunk that they lend. They read no more than it, but where a decision needs to see the
/// rest of a group, or of a row.
public final class RewrittenModel<Plan: Sendable>: ModelLayer {
  public let base: any ContainerReader
  public let plan: Plan
  /// Per tensor; nil for what is left alone.
  private let rules: [(any WeightRule)?]
  public var catalog: Catalog { base.catalog }

  /// - Precondition: the rules were made for `base`.
  init(_ base: any ContainerReader, _ plan: Plan, rules: [(any WeightRule)?]) {
    precondition(rules.count == base.catalog.tensors.count)
    self.base = base
    self.plan = plan
    self.rules = rules
  }

  public func grid(of tensor: Int) -> ChunkGrid { base.grid(of: tensor) }
  public func makeSession() -> any TensorSession { RewrittenSession(base, rules) }
}

private final class RewrittenSession: TensorSession {
  private let catalog: Catalog
  private let base: any TensorSession
  private let rules: [(any WeightRule)?]
  private let workspace = WeightWorkspace()

  init(_ base: any ContainerReader, _ rules: [(any WeightRule)?]) {
    catalog = base.catalog
    self.base = base.makeSession()
    self.rules = rules
  }

  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    guard let rule = rules[tensor], !range.isEmpty else { return try base.withBytes(of: tensor, range, body) }
    let width = catalog.tensors[tensor].info.dtype.blockBytes
    let elements = rule.context(of: range.lowerBound / width..<(range.upperBound - 1) / width + 1)
    let bytes = elements.lowerBound * width..<elements.upperBound * width
    try base.withBytes(of: tensor, bytes) { (source) throws(ModelError) in
      try rule.apply(source, elements, workspace)
    }
    let start = range.lowerBound - bytes.lowerBound
    let output = workspace.output
    return try body(unsafe output.span.bytes.extracting(start..<start + range.count))
  }

  func release(of tensor: Int, _ range: Range<Int>) { base.release(of: tensor, range) }

  /// Known only of zeros, which stay what they are but for their sign.
  func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
    let block = try base.repeatedBlock(of: tensor, range)
    guard rules[tensor] != nil, let block else { return block }
    guard let order = MagnitudeOrder(catalog.tensors[tensor].info.dtype),
      unsafe PruneMagnitude.count(of: 0, in: block.span.bytes, order) * order.dtype.blockBytes == block.count
    else { return nil }
    return [UInt8](repeating: 0, count: block.count)
  }
}
