/// Random numbers that a failed test can repeat: the seed is printed.
public struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  /// - Parameter what: what the numbers are for, printed with the seed.
  public init(_ what: String, seed: UInt64 = .random(in: 0 ... .max)) {
    state = seed
    print("\(what): seed \(seed)")
  }

  /// SplitMix64.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  public mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

  /// A byte that makes zeros, infinities and NaNs likely.
  public mutating func edgeByte() -> UInt8 {
    [0x00, 0x80, 0x7F, 0xFF, 0x7C, 0xF8, 0x01, UInt8(truncatingIfNeeded: next())][Int(next() % 8)]
  }
}
