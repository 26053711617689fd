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

/// What random elements look like.
enum ElementMix: CaseIterable, Sendable {
  case anyBits
  /// Half ±0.
  case pruned
  /// Zeros, infinities, NaNs with payloads, subnormals, all ones, and their negatives.
  case special
  case constant
  /// Floats near a mean far from zero.
  case offset
}

func randomBlocks(
  _ count: Int, _ dtype: DType, _ mix: ElementMix, using generator: inout SeededGenerator
) -> [UInt8] {
  let first = randomBlock(dtype, .anyBits, using: &generator)
  return (0..<count).flatMap { _ in
    mix == .constant ? first : randomBlock(dtype, mix, using: &generator)
  }
}

private func randomBlock(_ dtype: DType, _ mix: ElementMix, using generator: inout SeededGenerator) -> [UInt8] {
  var bytes = (0..<dtype.blockBytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
  let last = bytes.count - 1
  switch mix {
  case .anyBits, .constant: break
  case .pruned:
    if Bool.random(using: &generator) { bytes = bytes.map { _ in 0 } }
    if Bool.random(using: &generator) { bytes[last] |= 0x80 }
  case .special:
    let exponents: [UInt64] = [0, 0x7FF0_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x7F80_0000_7F80_0000, 0x7C00_7C00]
    let pattern = exponents.randomElement(using: &generator)! | UInt64.random(in: 0...1, using: &generator)
    let sign = UInt64.random(in: 0...1, using: &generator) << 63
    bytes = bytes.indices.map { UInt8(truncatingIfNeeded: (pattern | sign) >> (8 * UInt64($0 + 8 - bytes.count))) }
    if Bool.random(using: &generator) { bytes[0] ^= UInt8.random(in: 0...255, using: &generator) }
    if Bool.random(using: &generator), last >= 1 { bytes[last - 1] &= 0xF0 }
  case .offset:
    // The top bytes of a float near 1000, which is an exponent for some types and just bytes for the others.
    let top: [UInt8] = dtype == .f64 ? [0x8F, 0x40] : dtype == .f16 ? [0xD0, 0x63] : [0x7A, 0x44]
    for (index, byte) in top.enumerated() where last - 1 + index >= 0 && last > 0 { bytes[last - 1 + index] = byte }
  }
  return bytes
}
