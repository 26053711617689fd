import CKernels

/// Count, mean and sum of squared deviations of some finite values, which merge.
///
/// Of blocks of 2048 values Σ x and Σ x² are summed in 16 lanes of doubles (lane = index mod 16) that are added in a fixed
/// order; where their difference would cost more than ten bits, the deviations from the mean are summed too. Blocks merge by
/// the formula of Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances"
/// (1979). So no offset of the values costs precision, and the result depends on the order of the merges alone.
///
/// Values whose squares would leave the doubles are taken times a power of two, so mean and deviation are finite for all.
public struct Moments: Hashable, Sendable {
  public private(set) var count = 0
  public private(set) var mean = 0.0
  /// Σ (x − mean)² / 4^exponent.
  private var scaledSquares = 0.0
  private var exponent = 0

  public init() {}

  /// `count` times the same value.
  public init(count: Int, of value: Double) {
    self.count = count
    guard count > 0 else { return }
    // Adding 0 takes the sign from −0.
    mean = value + 0
    exponent = Self.exponent(largestMagnitude: value.magnitude)
  }

  /// - Parameters:
  ///   - scaledMean: the mean / 2^exponent.
  ///   - scaledSquares: Σ (x − mean)² / 4^exponent.
  init(count: Int, scaledMean: Double, scaledSquares: Double, exponent: Int) {
    self.count = count
    self.scaledSquares = scaledSquares
    self.exponent = exponent
    mean = Self.unscaled(scaledMean, exponent)
  }

  /// The standard deviation of the population; nil for no values.
  public var standardDeviation: Double? {
    count == 0 ? nil : Self.unscaled((scaledSquares / Double(count)).squareRoot(), exponent)
  }

  /// Adds the values of `other`, which follow these.
  public mutating func merge(_ other: Moments) {
    guard other.count > 0 else { return }
    guard count > 0 else {
      self = other
      return
    }
    let common = isZero ? other.exponent : other.isZero ? exponent : max(exponent, other.exponent)
    let scale = Self.power(-common)
    let center = mean * scale
    let total = Double(count) + Double(other.count)
    let share = Double(other.count) / total
    let distance = other.mean * scale - center
    mean = Self.unscaled(center + distance * share, common)
    scaledSquares =
      squares(common) + (other.squares(common) + distance * distance * share * Double(count))
    exponent = common
    count += other.count
  }

  /// Makes them the moments of the same values, each `factor` times.
  package mutating func multiply(by factor: Int) {
    count *= factor
    scaledSquares *= Double(factor)
  }

  private var isZero: Bool { mean == 0 && scaledSquares == 0 }

  /// Σ (x − mean)² / 4^common.
  private func squares(_ common: Int) -> Double {
    let scale = Self.power(exponent - common)
    return scaledSquares * scale * scale
  }
}

extension Moments {
  /// The power of two by which values of at most that magnitude are divided: 0, unless their squares could leave the
  /// doubles, or become so small that they lose bits.
  static func exponent(largestMagnitude: Double) -> Int {
    let isOrdinary = largestMagnitude == 0 || (0x1p-400..<0x1p400).contains(largestMagnitude)
    return isOrdinary ? 0 : min(max(Int(largestMagnitude.exponent), -1000), 1000)
  }

  static func power(_ exponent: Int) -> Double { Double(sign: .plus, exponent: exponent, significand: 1) }

  /// The product with a power of two; where rounding has taken a mean beyond the largest double, that.
  private static func unscaled(_ value: Double, _ exponent: Int) -> Double {
    let largest = Double.greatestFiniteMagnitude
    return min(max(value * power(exponent), -largest), largest)
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

  /// The moments of one block of finite values.
  /// - Parameter exponent: what `exponent(largestMagnitude:)` says of them.
  init<Scalar: LaneScalar>(block values: UnsafeBufferPointer<Scalar>, exponent: Int = 0) {
    let scale = SIMD8<Double>(repeating: Self.power(-exponent))
    self.init(
      count: values.count, sum: unsafe Self.laneSum(values) { $0 * scale },
      squares: unsafe Self.laneSum(values) { ($0 * scale) * ($0 * scale) }, exponent: exponent
    ) { mean in
      let center = SIMD8<Double>(repeating: mean)
      return unsafe Self.laneSum(values) {
        let deviation = $0 * scale - center
        return deviation * deviation
      }
    }
  }

  /// The same of finite F32 at `source`, of which an instruction set has found the sums.
  init(block source: UnsafeRawPointer, _ count: Int, _ found: tare_float_block, _ functions: tare_statistics) {
    self.init(count: count, sum: found.sum, squares: found.squares, exponent: 0) { mean in
      unsafe functions.squared_distances(source, count, mean)
    }
  }

  /// - Parameters:
  ///   - sum: of the values / 2^exponent.
  ///   - squares: of their squares.
  ///   - deviations: gives Σ (x − mean)².
  @inline(__always)
  private init(count: Int, sum: Double, squares: Double, exponent: Int, deviations: (_ mean: Double) -> Double) {
    guard count > 0 else {
      self.init()
      return
    }
    let mean = sum / Double(count)
    let difference = squares - sum * mean
    let isPrecise = difference > squares * 0x1p-10
    self.init(
      count: count, scaledMean: mean, scaledSquares: isPrecise ? difference : deviations(mean), exponent: exponent)
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
