public import TensorModel

/// One number at a time between any two layouts: the definition of what the loops of `FloatConversion` do, and the
/// source of their tables.
extension FloatLayout {
  /// The number that `bits` mean, rounded once to `target`: to the nearest, to the even one of two.
  ///
  /// Beyond the largest number lies infinity (IEEE 754), or NaN in a type without (F8_E4M3, the FNUZ types: the rule of
  /// OCP's formats without saturation, and of ml_dtypes). A NaN stays one, quiet, with its sign and as many of the leading
  /// bits of its payload as fit; the FNUZ types have one NaN and no −0, which becomes +0.
  /// - Precondition: neither layout is `scale`.
  public func convert(_ bits: UInt64, to target: FloatLayout) -> UInt64 {
    precondition(specials != .scale && target.specials != .scale)
    let isNegative = bits >> UInt64(width - 1) & 1 == 1
    switch parts(ofMagnitude: bits & (1 << UInt64(width - 1) - 1), isNegative: isNegative) {
    case .nan(let payload): return target.nan(payload: payload, isNegative: isNegative && hasNegativeZero)
    case .infinity: return target.infinity(isNegative: isNegative)
    case .finite(let significand, let exponent):
      let magnitude = target.magnitude(of: significand, exponent)
      guard magnitude <= target.largestMagnitude else { return target.infinity(isNegative: isNegative) }
      return target.signed(magnitude, isNegative: isNegative)
    }
  }

  /// Whether `bits` are infinity or NaN.
  public func isSpecial(_ bits: UInt64) -> Bool {
    let magnitude = bits & (1 << UInt64(width - 1) - 1)
    return magnitude > largestMagnitude || (specials == .negativeZeroIsNaN && bits == 1 << UInt64(width - 1))
  }

  private enum Parts {
    /// With the bits below the quiet bit at the top of the word.
    case nan(payload: UInt64)
    case infinity
    /// significand × 2^exponent
    case finite(significand: UInt64, exponent: Int)
  }

  private func parts(ofMagnitude magnitude: UInt64, isNegative: Bool) -> Parts {
    let mantissa = magnitude & (1 << UInt64(mantissaBits) - 1)
    if magnitude > largestMagnitude {
      if specials == .ieee && mantissa == 0 { return .infinity }
      return .nan(payload: specials == .ieee ? mantissa << UInt64(65 - mantissaBits) : 0)
    }
    if specials == .negativeZeroIsNaN && isNegative && magnitude == 0 { return .nan(payload: 0) }
    let exponent = Int(magnitude >> UInt64(mantissaBits))
    let significand = exponent == 0 ? mantissa : mantissa | 1 << UInt64(mantissaBits)
    return .finite(significand: significand, exponent: max(exponent, 1) - bias - mantissaBits)
  }

  /// The pattern of the largest number.
  private var largestMagnitude: UInt64 {
    let all: UInt64 = 1 << UInt64(width - 1) - 1
    switch specials {
    case .ieee: return all - 1 << UInt64(mantissaBits)
    case .nanOnly: return all - 1
    case .negativeZeroIsNaN, .finite, .scale: return all
    }
  }

  /// The pattern nearest to significand × 2^exponent, were there no largest exponent.
  private func magnitude(of significand: UInt64, _ exponent: Int) -> UInt64 {
    guard significand != 0 else { return 0 }
    let leading = 63 - significand.leadingZeroBitCount + exponent
    // The exponent field, less the leading bit that a normal number adds.
    let field = max(leading, 1 - bias) + bias - 1
    let unit = field + 1 - bias - mantissaBits
    return UInt64(field) << UInt64(mantissaBits) + Self.rounded(significand, shiftedRightBy: unit - exponent)
  }

  private static func rounded(_ value: UInt64, shiftedRightBy shift: Int) -> UInt64 {
    guard shift > 0 else { return value << UInt64(-shift) }
    // A significand has at most 53 bits: less than half of the unit.
    guard shift < 64 else { return 0 }
    let quotient = value >> UInt64(shift)
    let rest = value & (1 << UInt64(shift) - 1)
    let half: UInt64 = 1 << UInt64(shift - 1)
    return quotient + (rest > half || (rest == half && quotient & 1 == 1) ? 1 : 0)
  }

  private func signed(_ magnitude: UInt64, isNegative: Bool) -> UInt64 {
    guard isNegative, magnitude != 0 || hasNegativeZero else { return magnitude }
    return magnitude | 1 << UInt64(width - 1)
  }

  private func infinity(isNegative: Bool) -> UInt64 {
    guard specials == .ieee else { return nan(payload: 0, isNegative: isNegative) }
    return signed(largestMagnitude + 1, isNegative: isNegative)
  }

  private func nan(payload: UInt64, isNegative: Bool) -> UInt64 {
    switch specials {
    case .negativeZeroIsNaN: return 1 << UInt64(width - 1)
    case .ieee:
      let quiet: UInt64 = 1 << UInt64(mantissaBits - 1)
      return signed(largestMagnitude + 1 | quiet | payload >> UInt64(65 - mantissaBits), isNegative: isNegative)
    case .nanOnly, .finite, .scale: return signed(1 << UInt64(width - 1) - 1, isNegative: isNegative)
    }
  }
}
