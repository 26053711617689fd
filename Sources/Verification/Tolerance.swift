internal import Kernels
public import TensorModel

/// What counts as agreement between two tensors of the same shape. Under every tolerance but `exact` their dtypes may
/// differ; a NaN agrees with a NaN only, an infinity with itself only.
public enum Tolerance: Hashable, Sendable {
  /// The same dtype and the same bits.
  case exact
  /// The same numbers: −0 equals +0 and any NaN equals any NaN.
  case value
  /// No error |a − b| above a number, which is finite and not negative.
  case absolute(Double)
  /// No error |a − b| above a share of the larger of |a| and |b|, which is finite and not negative.
  case relative(Double)
  /// A ratio of signal to noise, 10·log10(Σa² / Σ(a − b)²), of no less than so many decibels, a finite number, in each
  /// tensor.
  case signalToNoise(Double)

  /// What the errors of single elements are held to; nil where they are not looked at one by one.
  var bound: ErrorBound? {
    switch self {
    case .absolute(let limit): .absolute(limit)
    case .relative(let share): .relative(share)
    case .exact, .value, .signalToNoise: nil
    }
  }
}

extension Tolerance: CustomStringConvertible {
  /// Reads `exact`, `value`, `abs=X`, `rel=X` or `sqnr=DB`.
  /// - Throws: `usage`
  public init(_ text: String) throws(ModelError) {
    switch text {
    case "exact": self = .exact
    case "value": self = .value
    default:
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let number = Double(parts[1]), number.isFinite else { throw Self.unknown }
      switch parts[0] {
      case "abs" where number >= 0: self = .absolute(number)
      case "rel" where number >= 0: self = .relative(number)
      case "sqnr": self = .signalToNoise(number)
      default: throw Self.unknown
      }
    }
  }

  private static let unknown = ModelError(
    .usage, "expected exact, value, abs=X or rel=X with X from 0, or sqnr=DB")

  public var description: String {
    switch self {
    case .exact: "exact"
    case .value: "value"
    case .absolute(let limit): "abs=\(limit)"
    case .relative(let share): "rel=\(share)"
    case .signalToNoise(let decibels): "sqnr=\(decibels)"
    }
  }
}
