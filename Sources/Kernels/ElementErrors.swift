/// How far the elements of one range are from those of another. Indices count elements from the start of the ranges.
///
/// A pair of finite numbers has an error, |a − b|, and is part of the sums. A NaN agrees with any NaN, an infinity with
/// itself; such a pair is part of nothing. Any other pair with a NaN or an infinity is a mismatch: an error without bound.
public struct ElementErrors: Hashable, Sendable {
  /// Pairs of finite numbers.
  public var pairs = 0
  /// Σ a², Σ b², Σ a·b and Σ (a − b)² over them; of complex numbers, of both parts.
  public var energyOfA = 0.0
  public var energyOfB = 0.0
  public var product = 0.0
  public var noise = 0.0
  /// The largest error of a pair, the modulus of the difference of complex numbers, and where it is first; nil where
  /// every pair is equal.
  public var largest = 0.0
  public var largestAt: Int?
  /// Pairs that do not agree in being finite, and the first of them.
  public var mismatches = 0
  public var firstMismatch: Int?
  /// Pairs whose error is beyond the bound that was asked about, mismatches among them, and the first of them.
  public var beyond = 0
  public var firstBeyond: Int?

  public init() {}

  /// Takes in those of the next range, whose first element is number `start`. Sums depend on the order of such additions
  /// alone.
  public mutating func add(_ next: ElementErrors, from start: Int = 0) {
    pairs += next.pairs
    energyOfA += next.energyOfA
    energyOfB += next.energyOfB
    product += next.product
    noise += next.noise
    if next.largest > largest {
      largest = next.largest
      largestAt = next.largestAt.map { $0 + start }
    }
    if firstMismatch == nil { firstMismatch = next.firstMismatch.map { $0 + start } }
    mismatches += next.mismatches
    if firstBeyond == nil { firstBeyond = next.firstBeyond.map { $0 + start } }
    beyond += next.beyond
  }

  /// Those of `count` ranges that are all like this one.
  public func repeated(_ count: Int) -> ElementErrors {
    var result = self
    result.pairs *= count
    result.energyOfA *= Double(count)
    result.energyOfB *= Double(count)
    result.product *= Double(count)
    result.noise *= Double(count)
    result.mismatches *= count
    result.beyond *= count
    return result
  }
}

/// Which errors of single elements count as beyond it.
public enum ErrorBound: Hashable, Sendable {
  /// Those above a number.
  case absolute(Double)
  /// Those above a share of the larger magnitude of the two.
  case relative(Double)
}
