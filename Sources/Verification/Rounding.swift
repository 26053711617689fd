import Kernels
import TensorModel

/// Whether the elements of one tensor are those of another, rounded to its type.
struct Rounding: Sendable {
  /// Which of the two would be the rounded one.
  enum Side: String, Sendable {
    case a, b
  }

  let side: Side
  private let conversion: FloatConversion
  /// Elements that are converted at a time.
  private static let blockElements = 4096

  /// The narrower type would be the rounded one; of two of one width, B's. Nil where there is no conversion.
  init?(_ a: DType, _ b: DType) {
    side = b.elementBits <= a.elementBits ? .b : .a
    guard a != b, let conversion = side == .b ? FloatConversion(from: a, to: b) : FloatConversion(from: b, to: a) else {
      return nil
    }
    self.conversion = conversion
  }

  /// Whether each of `count` elements is the other's number rounded to the nearest, ties to even; any NaN is any NaN.
  func holds(_ a: RawSpan, _ b: RawSpan, count: Int) -> Bool {
    let (wide, narrow) = side == .b ? (a, b) : (b, a)
    let (from, to) = (conversion.source.blockBytes, conversion.target.blockBytes)
    return unsafe withUnsafeTemporaryAllocation(byteCount: Self.blockElements * to, alignment: 64) { rounded in
      var start = 0
      while start < count {
        let end = min(start + Self.blockElements, count)
        _ = unsafe conversion.convert(wide.extracting((start * from)..<(end * from)), into: rounded.baseAddress!)
        let found = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: rounded[..<((end - start) * to)]))
        let expected = narrow.extracting((start * to)..<(end * to))
        guard CompareElements.differences(expected, found, conversion.target).values == 0 else { return false }
        start = end
      }
      return true
    }
  }
}
