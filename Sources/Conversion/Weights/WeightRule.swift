import Kernels
import TensorModel

/// What becomes of the elements of one tensor: a pure function of them, evaluated a run at a time.
///
/// What is zero stays zero, and every zero of the result is +0.
protocol WeightRule: Sendable {
  /// The elements that must be seen to decide on `elements`, in one run that holds them.
  func context(of elements: Range<Int>) -> Range<Int>

  /// Writes what `elements` become to the front of `workspace.output`.
  /// - Parameters:
  ///   - source: the elements, which are their own context.
  func apply(_ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace) throws(ModelError)
}

extension WeightRule {
  func context(of elements: Range<Int>) -> Range<Int> { elements }
}

/// The float type of a weight: how its elements order, and their numbers.
struct WeightType: Sendable {
  let order: MagnitudeOrder
  let widening: DoubleWidening

  /// Nil for types that aren't floats of whole bytes.
  init?(_ dtype: DType) {
    guard let order = MagnitudeOrder(dtype), let widening = DoubleWidening(dtype) else { return nil }
    self.order = order
    self.widening = widening
  }

  /// Bytes of one element.
  var width: Int { order.dtype.blockBytes }
}

/// One worker's buffers, which live as long as it does.
final class WeightWorkspace {
  /// What the elements became.
  var output: [UInt8] = []
  /// A key for each element of a row.
  var keys: [UInt64] = []
  /// The elements as numbers.
  var numbers: [Float] = []
  /// The norms of the inputs of one tensor, and which tensor that is.
  var norms: (tensor: Int, values: [Double]) = (-1, [])

  /// Makes room for `byteCount` bytes in `output`.
  func reserve(_ byteCount: Int) { output.grow(to: byteCount) }
}

extension Array where Element: FixedWidthInteger {
  /// Makes the array at least that long.
  mutating func grow(to count: Int) { grow(to: count, filling: 0) }
}

extension Array where Element == Float {
  /// Makes the array at least that long.
  mutating func grow(to count: Int) { grow(to: count, filling: 0) }
}

extension Array {
  fileprivate mutating func grow(to count: Int, filling element: Element) {
    if self.count < count { append(contentsOf: repeatElement(element, count: count - self.count)) }
  }
}
