import CKernels

/// Count, mean and sum of squared deviations of some finite values, which merge.
///
/// Blocks of 2048 values are summed twice, first for their mean and then for the deviations from it, in 16 lanes of
/// doubles (lane = index mod 16) that are added in a fixed order; blocks merge by the formula of Chan, Golub and LeVeque,
/// "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979). So no offset of the values costs
/// precision, and the result depends on the order of the merges alone.
public struct Moments: Hashable, Sendable {
  public var count = 0
  public var mean = 0.0
  /// Σ (x − mean)².
  public var squaredDeviations = 0.0

  public init() {}

  /// `count` times the same value.
  public init(count: Int, of value: Double) {
    self.count = count
    // Adding 0 takes the sign from −0.
    self.mean = count == 0 ? 0 : value + 0
  }

  /// The standard deviation of the population; nil for no values.
  public var standardDeviation: Double? {
    count == 0 ? nil : (squaredDeviations / Double(count)).squareRoot()
  }

  /// Adds the values of `other`, which follow these.
  public mutating func merge(_ other: Moments) {
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let total = Double(count) + Double(other.count)
    let share = Double(other.count) / total
    let distance = other.mean - mean
    mean += distance * share
    squaredDeviations += other.squaredDeviations + distance * distance * share * Double(count)
    count += other.count
  }
}

/// A float that widens to a double without loss.
protocol LaneScalar {
  var widened: Double { get }
}

extension Float: LaneScalar {
  @inline(__always) var widened: Double { Double(self) }
}

extension Double: LaneScalar {
  @inline(__always) var widened: Double { self }
}

extension Moments {
  /// Values of one block: what the first-level cache holds beside their source.
  static let blockElements = 2048

  /// The moments of one block of finite values. O(n), two passes.
  init<Scalar: LaneScalar>(block values: UnsafeBufferPointer<Scalar>) {
    guard !values.isEmpty else { return }
    count = values.count
    mean = unsafe Self.laneSum(values) { $0 } / Double(count)
    let center = SIMD8<Double>(repeating: mean)
    squaredDeviations = unsafe Self.laneSum(values) {
      let deviation = $0 - center
      return deviation * deviation
    }
  }

  /// The same of finite F32 at `source`, by the functions of an instruction set.
  init(block source: UnsafeRawPointer, _ count: Int, _ functions: tare_statistics) {
    guard count > 0 else { return }
    self.count = count
    mean = unsafe functions.sum(source, count) / Double(count)
    squaredDeviations = unsafe functions.squared_distances(source, count, mean)
  }

  /// Σ `term(x)` in 16 lanes; `term` must work on each lane alone. Missing values of the last sixteen count as no term.
  @inline(__always)
  private static func laneSum<Scalar: LaneScalar>(
    _ values: UnsafeBufferPointer<Scalar>, _ term: (SIMD8<Double>) -> SIMD8<Double>
  ) -> Double {
    var low = SIMD8<Double>(repeating: 0)
    var high = SIMD8<Double>(repeating: 0)
    let whole = values.count & ~15
    var index = 0
    while index < whole {
      unsafe low += term(eight(values, index))
      unsafe high += term(eight(values, index &+ 8))
      index &+= 16
    }
    let rest = values.count & 15
    for lane in 0..<rest {
      let one = unsafe term(SIMD8(repeating: values[whole &+ lane].widened))[0]
      if lane < 8 { low[lane] += one } else { high[lane &- 8] += one }
    }
    var sum = 0.0
    for lane in 0..<8 { sum += low[lane] }
    for lane in 0..<8 { sum += high[lane] }
    return sum
  }

  @inline(__always)
  private static func eight<Scalar: LaneScalar>(_ values: UnsafeBufferPointer<Scalar>, _ at: Int) -> SIMD8<Double> {
    unsafe SIMD8(
      values[at].widened, values[at &+ 1].widened, values[at &+ 2].widened, values[at &+ 3].widened,
      values[at &+ 4].widened, values[at &+ 5].widened, values[at &+ 6].widened, values[at &+ 7].widened)
  }
}
