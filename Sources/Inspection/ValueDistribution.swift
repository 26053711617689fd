import Kernels
import TensorModel

/// How the finite values of a tensor are spread: exactly for types of at most 16 bits, else over the buckets of
/// `ValuePrefix`, each of which is taken for its middle.
struct ValueDistribution {
  /// Values rise, and each has occurred.
  private let points: [(value: Double, count: Int)]
  let total: Int

  /// - Parameter patterns: of elements of at most 16 bits, or prefixes of wider ones; in any order.
  init(_ patterns: [PatternCount], dtype: DType) {
    var points: [(value: Double, count: Int)] = []
    for entry in patterns {
      let value =
        dtype.isCounted
        ? NarrowElement(pattern: Int(entry.pattern), dtype: dtype).value
        : ValuePrefix.representative(entry.pattern, of: dtype)
      // Adding 0 takes the sign from −0.
      if let value { points.append((value + 0, entry.count)) }
    }
    self.points = points.sorted { $0.value < $1.value }
    total = points.reduce(0) { $0 + $1.count }
  }

  /// For each share of `shares`, which rise, the smallest value such that at least that share of the values is no larger.
  func quantiles(_ shares: [Double]) -> [Double] {
    var quantiles: [Double] = []
    var below = 0
    for point in points {
      below += point.count
      while quantiles.count < shares.count, Double(below) >= shares[quantiles.count] * Double(total) {
        quantiles.append(point.value)
      }
    }
    return quantiles
  }

  /// Values farther than `deviations` times `deviation` from `center`.
  func count(beyond deviations: Double, of deviation: Double, from center: Double) -> Int {
    // Distances may leave the doubles; eighths of them do not.
    let scale = (deviations * deviation).isFinite ? 1 : 0.125
    let reach = deviations * (deviation * scale)
    return points.reduce(0) { $0 + (($1.value * scale - center * scale).magnitude > reach ? $1.count : 0) }
  }

  /// The values that are not 0, in bins of one width from `minimum` to `maximum`; a value on an edge belongs to the bin
  /// above it, the largest one to the last bin.
  func histogram(bins: Int, from minimum: Double, to maximum: Double) -> [Int] {
    var counts = [Int](repeating: 0, count: bins)
    // Halves, since the difference of two doubles may leave the doubles.
    let width = (maximum / 2 - minimum / 2) / Double(bins)
    for point in points where point.value != 0 {
      let bin = width > 0 ? ((point.value / 2 - minimum / 2) / width).rounded(.down) : 0
      counts[Int(min(max(bin, 0), Double(bins - 1)))] += point.count
    }
    return counts
  }
}
