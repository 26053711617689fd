import Kernels
import TensorModel

/// Which elements of one tensor become zero.
///
/// Whatever the rule, every zero of the result is +0: pruned weights, and zeros that the tensor had.
protocol PruningRule: WeightRule {
  /// Counts what becomes of `elements`, which are their own context.
  func tally(_ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace) throws(ModelError) -> PruneTally
}

extension PruningRule {
  func tally(
    _ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace, _ type: WeightType
  ) throws(ModelError) -> PruneTally {
    try apply(source, elements, workspace)
    let pruned = workspace.output
    return unsafe type.widening.tally(source, pruned.span.bytes.extracting(first: source.byteCount))
  }
}
