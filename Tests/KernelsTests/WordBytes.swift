/// Little-endian words of `width` bytes.
func words(_ bytes: [UInt8], width: Int) -> [UInt64] {
  stride(from: 0, to: bytes.count, by: width).map { start in
    (0..<width).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
  }
}

func bytes(_ words: [UInt64], width: Int) -> [UInt8] {
  words.flatMap { word in (0..<width).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
}

/// Lengths around those of vectors of 8, 16, 32 and 64 elements.
let lengthsAroundVectors = Array(0...41) + [47, 48, 49, 63, 64, 65, 127, 128, 129, 255, 256, 257]
/// Lengths around the 4,096 elements of a tile.
let lengthsAroundTiles = [4095, 4096, 4097, 8191, 8192, 8205]

/// Words of which that many in a thousand are zeros, half of them negative where `hasSign`; the others have any bits.
func sparseWords(
  _ count: Int, width: Int, zerosPerMille: Int, hasSign: Bool, using generator: inout SeededGenerator
) -> [UInt64] {
  let mask = UInt64.max >> UInt64(64 - 8 * width)
  return (0..<count).map { _ in
    guard Int.random(in: 0..<1000, using: &generator) < zerosPerMille else { return generator.next() & mask }
    return hasSign && Bool.random(using: &generator) ? 1 << UInt64(8 * width - 1) : 0
  }
}
