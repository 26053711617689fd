import Kernels
import TensorModel

/// Which elements of one tensor become zero: a pure function of the tensor's elements, evaluated a run at a time.
///
/// Whatever the rule, every zero of the result is +0: pruned weights, and zeros that the tensor had.
protocol PruningRule: Sendable {
  /// The elements that must be seen to decide on `elements`, in one run that holds them.
  func context(of elements: Range<Int>) -> Range<Int>

  /// Writes what `elements` become to the front of `workspace.pruned`.
  /// - Parameters:
  ///   - source: the elements, which are their own context.
  func prune(_ source: RawSpan, _ elements: Range<Int>, _ workspace: PruningWorkspace) throws(ModelError)

  /// Counts what becomes of `elements`, which are their own context.
  func tally(_ source: RawSpan, _ elements: Range<Int>, _ workspace: PruningWorkspace) throws(ModelError) -> PruneTally
}

extension PruningRule {
  func context(of elements: Range<Int>) -> Range<Int> { elements }
}

/// The float type of a tensor that is pruned: how its elements order, and their numbers.
struct PrunedType: Sendable {
  let order: MagnitudeOrder
  let widening: DoubleWidening

  /// Nil for types that aren't pruned.
  init?(_ dtype: DType) {
    guard let order = MagnitudeOrder(dtype), let widening = DoubleWidening(dtype) else { return nil }
    self.order = order
    self.widening = widening
  }

  /// Bytes of one element.
  var width: Int { order.dtype.blockBytes }
}

extension PruningRule {
  func tally(
    _ source: RawSpan, _ elements: Range<Int>, _ workspace: PruningWorkspace, _ type: PrunedType
  ) throws(ModelError) -> PruneTally {
    try prune(source, elements, workspace)
    let pruned = workspace.pruned
    return unsafe type.widening.tally(source, pruned.span.bytes.extracting(first: source.byteCount))
  }
}

/// One worker's buffers, which live as long as it does.
final class PruningWorkspace {
  /// What the elements became.
  var pruned: [UInt8] = []
  /// A key for each element of a row.
  var keys: [UInt64] = []
  /// The norms of the inputs of one tensor, and which tensor that is.
  var norms: (tensor: Int, values: [Double]) = (-1, [])

  /// Makes room for `byteCount` bytes in `pruned`.
  func reserve(_ byteCount: Int) { pruned.grow(to: byteCount) }
}

extension Array where Element: FixedWidthInteger {
  /// Makes the array at least that long.
  mutating func grow(to count: Int) {
    if self.count < count { append(contentsOf: repeatElement(0, count: count - self.count)) }
  }
}
