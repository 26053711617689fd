/// How the bits of a binary floating-point number are laid out: sign, then exponent, then mantissa, from the top.
public struct FloatLayout: Hashable, Sendable {
  /// What the patterns with the largest exponent mean.
  public enum Specials: Hashable, Sendable {
    /// IEEE 754: mantissa 0 is infinity, everything else NaN.
    case ieee
    /// All ones is NaN; there is no infinity (F8_E4M3).
    case nanOnly
    /// The pattern of −0 is the only NaN; there is no infinity and no −0 (the FNUZ types).
    case negativeZeroIsNaN
    /// Every pattern is a number (F4, F6).
    case finite
    /// No sign, no mantissa: 2^(bits − bias), all ones is NaN, and no zero (F8_E8M0).
    case scale
  }

  public let exponentBits: Int
  public let mantissaBits: Int
  public let bias: Int
  public let specials: Specials

  public init(exponentBits: Int, mantissaBits: Int, bias: Int, specials: Specials) {
    self.exponentBits = exponentBits
    self.mantissaBits = mantissaBits
    self.bias = bias
    self.specials = specials
  }

  public static let f64 = FloatLayout(exponentBits: 11, mantissaBits: 52, bias: 1023, specials: .ieee)
  public static let f32 = FloatLayout(exponentBits: 8, mantissaBits: 23, bias: 127, specials: .ieee)
  public static let bf16 = FloatLayout(exponentBits: 8, mantissaBits: 7, bias: 127, specials: .ieee)
  public static let f16 = FloatLayout(exponentBits: 5, mantissaBits: 10, bias: 15, specials: .ieee)
  public static let e5m2 = FloatLayout(exponentBits: 5, mantissaBits: 2, bias: 15, specials: .ieee)
  public static let e4m3 = FloatLayout(exponentBits: 4, mantissaBits: 3, bias: 7, specials: .nanOnly)
  public static let e5m2fnuz = FloatLayout(exponentBits: 5, mantissaBits: 2, bias: 16, specials: .negativeZeroIsNaN)
  public static let e4m3fnuz = FloatLayout(exponentBits: 4, mantissaBits: 3, bias: 8, specials: .negativeZeroIsNaN)
  public static let e3m2 = FloatLayout(exponentBits: 3, mantissaBits: 2, bias: 3, specials: .finite)
  public static let e2m3 = FloatLayout(exponentBits: 2, mantissaBits: 3, bias: 1, specials: .finite)
  public static let e2m1 = FloatLayout(exponentBits: 2, mantissaBits: 1, bias: 1, specials: .finite)
  public static let e8m0 = FloatLayout(exponentBits: 8, mantissaBits: 0, bias: 127, specials: .scale)

  /// The bits of one number, its sign included.
  public var width: Int { exponentBits + mantissaBits + (specials == .scale ? 0 : 1) }

  /// Whether a pattern with only the sign bit set means −0.
  public var hasNegativeZero: Bool {
    switch specials {
    case .ieee, .nanOnly, .finite: true
    case .negativeZeroIsNaN, .scale: false
    }
  }
}
