public import TensorModel

/// What is known of a tensor's values beyond counts, extremes and moments.
public struct ValueProfile: Hashable, Sendable {
  /// Different bit patterns; exact, or with the relative standard error `distinctError`.
  public internal(set) var distinct: Int
  public internal(set) var distinctError: Double
  /// The entropy of the elements' bit patterns, in bits per element. For patterns wider than 16 bits of which there are
  /// more than 1,024 it is the sum of the entropies of their parts, an upper bound: of a float the top 16 bits (of F64 the
  /// top 20) and each byte below them, of other types each byte.
  public let entropyBits: Double
  /// Of floats.
  public let fields: FieldEntropies?
  /// At `quantileShares`; nil without finite values and for complex numbers.
  public let quantiles: [Double]?
  /// How far a quantile may lie from the value that it stands for, as a share of that; 0 where quantiles are exact.
  public let quantileError: Double
  /// Finite values farther than `outlierDeviations` standard deviations from the mean, as far as `quantileError` lets
  /// tell; nil as `quantiles`.
  public let outliers: Int?
  /// The narrowest float type that holds every value bit for bit; nil for no elements and for types that are no floats.
  public let exactIn: DType?
  /// Nil where none was asked for, and as `quantiles`.
  public let histogram: ValueHistogram?
  /// How many elements tell of entropies, quantiles and outliers; nil where all do. They are lines of 16 elements, drawn by
  /// their place in the tensor: at least 65,536 elements, and one of 64 in the largest tensors.
  public let sampledElements: Int?

  /// Whether a number here comes from a sample.
  public var isSampled: Bool { sampledElements != nil || distinctError > 0 }

  public static let quantileShares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
  public static let outlierDeviations = 6.0
}

/// How often the finite values that are not 0 lie in bins of one width, as far as `ValueProfile.quantileError` lets tell.
public struct ValueHistogram: Hashable, Sendable {
  public let minimum: Double
  public let maximum: Double
  public let counts: [Int]

  public static let bins = 32

  /// The edge below bin `index`; for the number of bins, the edge above the last.
  public func edge(_ index: Int) -> Double {
    let share = Double(index) / Double(counts.count)
    return minimum * (1 - share) + maximum * share
  }
}
