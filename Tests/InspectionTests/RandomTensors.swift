import TensorModel

/// SplitMix64, so that a printed seed brings the same bytes back.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A matrix of random bits of which some elements, rows and columns are ±0, as one list of patterns.
struct RandomMatrix {
  var info: TensorInfo
  var patterns: [UInt64]

  init(_ name: String, _ dtype: DType, rows: Int, columns: Int, using generator: inout SeededGenerator) throws {
    info = try TensorInfo(name: name, dtype: dtype, shape: [rows, columns])
    let mask = UInt64.max >> UInt64(64 - dtype.elementBits)
    let zeroShare = [0, 0.004, 0.5, 0.97, 1].randomElement(using: &generator)!
    let zeroRows = Set((0..<rows / 3).map { _ in Int.random(in: 0..<rows, using: &generator) })
    let zeroColumns = Set((0..<columns / 4).map { _ in Int.random(in: 0..<columns, using: &generator) })
    let prunesRows = Bool.random(using: &generator)
    let prunesColumns = Bool.random(using: &generator)
    patterns = (0..<rows * columns).map { element in
      let isZero =
        Double.random(in: 0..<1, using: &generator) < zeroShare
        || prunesRows && zeroRows.contains(element / columns)
        || prunesColumns && zeroColumns.contains(element % columns)
      let sign = UInt64.random(in: 0...1, using: &generator) << UInt64(dtype.elementBits - 1)
      return isZero ? (dtype.hasSignedZero ? sign : 0) : UInt64.random(in: 0...mask, using: &generator)
    }
  }

  var bytes: [UInt8] {
    let bits = info.dtype.elementBits
    var bytes = [UInt8](repeating: 0, count: info.byteCount)
    for (element, pattern) in patterns.enumerated() {
      for bit in 0..<bits where pattern >> UInt64(bit) & 1 == 1 {
        let at = element * bits + bit
        bytes[at / 8] |= 1 << UInt8(at % 8)
      }
    }
    return bytes
  }

  /// Whether each element is a zero, by the plainest rule.
  func isZero(_ row: Int, _ column: Int) -> Bool {
    let pattern = patterns[row * info.shape[1] + column]
    if info.dtype == .c64 { return pattern & 0x7FFF_FFFF_7FFF_FFFF == 0 }
    if info.dtype == .f8e8m0 { return false }
    return pattern == 0 || info.dtype.hasSignedZero && pattern == 1 << UInt64(info.dtype.elementBits - 1)
  }
}

extension DType {
  var hasSignedZero: Bool {
    switch values {
    case .float(let layout): layout.hasNegativeZero
    case .complex: true
    default: false
    }
  }
}
