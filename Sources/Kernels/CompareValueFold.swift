import TensorModel

/// Maps the bits of a float to bits that are equal exactly where the numbers are: −0 to +0, every NaN to one NaN.
struct ValueFold<Word: FixedWidthInteger & UnsignedInteger> {
  /// All bits but the sign.
  private let magnitude: Word
  /// The largest magnitude that is not NaN.
  private let largest: Word

  /// Nil where different bits are different numbers anyway: the types without −0 have one NaN at most.
  init?(_ layout: FloatLayout) {
    guard layout.hasNegativeZero else { return nil }
    magnitude = 1 << Word(layout.width - 1) - 1
    largest =
      switch layout.specials {
      case .ieee: (1 << Word(layout.exponentBits) - 1) << Word(layout.mantissaBits)
      case .nanOnly: magnitude - 1
      default: magnitude
      }
  }

  @inline(__always)
  func callAsFunction(_ bits: Word) -> Word {
    let absolute = bits & magnitude
    // All ones is a NaN wherever there are any.
    return absolute == 0 ? 0 : absolute > largest ? magnitude : bits
  }
}
