package import TensorModel

/// What one pattern of a type of at most 16 bits means.
package struct NarrowElement {
  package enum Kind {
    case zero
    case subnormal
    case normal
    case infinity
    case nan
  }

  package let kind: Kind
  package let isNegative: Bool
  /// Nil for NaN and infinities.
  package let value: Double?

  package init(pattern: Int, dtype: DType) {
    switch dtype.values {
    case .boolean: self.init(whole: pattern == 0 ? 0 : 1)
    case .unsigned: self.init(whole: pattern)
    case .signed:
      let unused = Int.bitWidth - dtype.elementBits
      self.init(whole: (pattern << unused) >> unused)
    case .float(let layout): self.init(pattern: pattern, layout: layout)
    case .complex, .blocks, .opaque: preconditionFailure("\(dtype.name) is no narrow type")
    }
  }

  private init(whole value: Int) {
    kind = value == 0 ? .zero : .normal
    isNegative = value < 0
    self.value = Double(value)
  }

  /// By the rules of the OCP formats, IEEE 754, and the FNUZ types: see `FloatLayout.Specials`.
  private init(pattern: Int, layout: FloatLayout) {
    let mantissa = pattern & (1 << layout.mantissaBits - 1)
    let exponent = pattern >> layout.mantissaBits & (1 << layout.exponentBits - 1)
    let isNegative = layout.specials != .scale && pattern >> (layout.width - 1) == 1
    let largestExponent = exponent == 1 << layout.exponentBits - 1
    let isNaN =
      switch layout.specials {
      case .ieee: largestExponent && mantissa != 0
      case .nanOnly: largestExponent && mantissa == 1 << layout.mantissaBits - 1
      case .negativeZeroIsNaN: pattern == 1 << (layout.width - 1)
      case .scale: largestExponent
      case .finite: false
      }
    let isInfinite = layout.specials == .ieee && largestExponent && mantissa == 0
    // A type without mantissa has neither zero nor subnormals.
    let isSmall = exponent == 0 && layout.specials != .scale
    self.isNegative = isNegative
    if isNaN || isInfinite {
      kind = isNaN ? .nan : .infinity
      value = nil
      return
    }
    kind = !isSmall ? .normal : mantissa == 0 ? .zero : .subnormal
    let significand = mantissa | (isSmall ? 0 : 1 << layout.mantissaBits)
    let scale = max(exponent, isSmall ? 1 : 0) - layout.bias - layout.mantissaBits
    let magnitude = Double(sign: .plus, exponent: scale, significand: Double(significand))
    value = isNegative ? -magnitude : magnitude
  }
}
