import Kernels

/// A number of a tensor, exactly as its dtype holds it.
enum ExactNumber: Hashable {
  case floating(Double)
  case signed(Int64)
  case unsigned(UInt64)

  var asDouble: Double {
    switch self {
    case .floating(let value): value
    case .signed(let value): Double(value)
    case .unsigned(let value): Double(value)
    }
  }

  /// In full: the shortest decimal that reads back as the same number.
  var text: String {
    switch self {
    case .floating(let value): value.isNaN ? "nan" : "\(value)"
    case .signed(let value): "\(value)"
    case .unsigned(let value): "\(value)"
    }
  }
}

extension ValueStatistics.Extremes {
  var minimum: ExactNumber {
    switch self {
    case .floating(let minimum, _): .floating(minimum)
    case .signed(let minimum, _): .signed(minimum)
    case .unsigned(let minimum, _): .unsigned(minimum)
    }
  }

  var maximum: ExactNumber {
    switch self {
    case .floating(_, let maximum): .floating(maximum)
    case .signed(_, let maximum): .signed(maximum)
    case .unsigned(_, let maximum): .unsigned(maximum)
    }
  }

  /// The larger of |minimum| and |maximum|.
  var largestMagnitude: ExactNumber {
    switch self {
    case .floating(let minimum, let maximum): .floating(max(abs(minimum), abs(maximum)))
    case .signed(let minimum, let maximum): .unsigned(max(minimum.magnitude, maximum.magnitude))
    case .unsigned(_, let maximum): .unsigned(maximum)
    }
  }
}
