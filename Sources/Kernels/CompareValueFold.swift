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

  /// Arithmetic on whole words, which baseline vectors can: of two magnitudes, which leave the top bit free, the difference
  /// has it where the second is the larger.
  @inline(__always)
  func callAsFunction(_ bits: Word) -> Word {
    let absolute = bits & magnitude
    let top = Word(Word.bitWidth - 1)
    let isZero = 0 &- ((absolute &- 1) &>> top)
    let isNaN = 0 &- ((largest &- absolute) &>> top)
    // All ones is a NaN wherever there are any.
    return bits & ~(isZero | isNaN) | magnitude & isNaN
  }
}
