package import TensorModel

/// What a float type must offer to hold some numbers bit for bit. Demands merge.
package struct FloatDemand: Hashable, Sendable {
  /// The most bits that the significand of a number has from its first 1 to its last.
  package private(set) var significantBits = 0
  /// The lowest power of two that a number is made of.
  package private(set) var lowestExponent = Int.max
  package private(set) var largestMagnitude = 0.0
  package private(set) var hasInfinity = false
  /// The leading bits of the mantissa that NaNs use; 0 where there is none.
  package private(set) var nanBits = 0

  package init() {}

  /// The demand of numbers for which only their own type will do; nothing else is known of them then.
  static let ownType: FloatDemand = {
    var demand = FloatDemand()
    demand.significantBits = .max
    return demand
  }()

  var needsOwnType: Bool { significantBits == .max }

  /// Adds a finite number.
  package mutating func add(_ value: Double) {
    guard value != 0 else { return }
    significantBits = max(significantBits, value.significandWidth + 1)
    lowestExponent = min(lowestExponent, Int(value.exponent) - value.significandWidth)
    largestMagnitude = max(largestMagnitude, value.magnitude)
  }

  package mutating func addInfinity() { hasInfinity = true }

  /// - Parameter mantissa: the NaN's, of `bits` bits.
  package mutating func addNaN(mantissa: UInt64, bits: Int) {
    nanBits = max(nanBits, max(1, bits - mantissa.trailingZeroBitCount))
  }

  package mutating func merge(_ other: FloatDemand) {
    guard !needsOwnType, !other.needsOwnType else {
      self = .ownType
      return
    }
    significantBits = max(significantBits, other.significantBits)
    lowestExponent = min(lowestExponent, other.lowestExponent)
    largestMagnitude = max(largestMagnitude, other.largestMagnitude)
    hasInfinity = hasInfinity || other.hasInfinity
    nanBits = max(nanBits, other.nanBits)
  }

  /// Whether a float type of that layout holds the numbers. A NaN keeps the leading bits of its mantissa, so types that
  /// have only one NaN hold none.
  package func isMet(by layout: FloatLayout) -> Bool {
    if hasInfinity || nanBits > 0, layout.specials != .ieee { return false }
    return nanBits <= layout.mantissaBits && significantBits <= layout.mantissaBits + 1
      && lowestExponent >= 1 - layout.bias - layout.mantissaBits && largestMagnitude <= layout.largestNumber
  }

  /// The narrowest dtype that holds the numbers of a tensor of `dtype`: the first of the narrower ones, else its own.
  package func narrowest(in dtype: DType) -> DType {
    let candidates: [DType] = [.f4, .f6e2m3, .f6e3m2, .f8e4m3, .f8e5m2, .bf16, .f16, .f32]
    return candidates.first { candidate in
      guard case .float(let layout) = candidate.values, layout.width < dtype.elementBits else { return false }
      return isMet(by: layout)
    } ?? dtype
  }
}

extension FloatLayout {
  /// The largest finite number of a layout with a sign.
  fileprivate var largestNumber: Double {
    let largestExponent = (1 << exponentBits) - (specials == .ieee ? 2 : 1) - bias
    let unused = specials == .nanOnly ? 2 : 1
    let significand = (1 << (mantissaBits + 1)) - unused
    return Double(sign: .plus, exponent: largestExponent - mantissaBits, significand: Double(significand))
  }
}
