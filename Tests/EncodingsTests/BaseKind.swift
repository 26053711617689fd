internal import MemoryModel
internal import TensorModel

/// What the base of a tensor may be like.
enum BaseKind: CaseIterable {
  /// Random bits.
  case unrelated
  /// The same words, but for a few.
  case nearlySame
  /// Each word a little off.
  case close
  /// Numbers where the tensor has zeros, with the signs that the zeros have.
  case unmasked
  /// The same, with signs of their own.
  case unmaskedWithOtherSigns

  /// A base of any kind.
  static func any(of bytes: [UInt8], _ dtype: DType, _ random: inout SeededRandom) -> [UInt8] {
    allCases.randomElement(using: &random)!.base(of: bytes, dtype, &random)
  }

  /// A base as long as `bytes`.
  func base(of bytes: [UInt8], _ dtype: DType, _ random: inout SeededRandom) -> [UInt8] {
    let width = dtype.blockBytes
    var base = bytes
    for start in stride(from: 0, to: bytes.count, by: width) {
      let top = start + width - 1
      let isZero = bytes[start..<top].allSatisfy { $0 == 0 } && bytes[top] & 0x7F == 0
      switch self {
      case .unrelated:
        for place in start...top { base[place] = UInt8.random(in: 0...255, using: &random) }
      case .nearlySame:
        if UInt8.random(in: 0..<20, using: &random) == 0 { base[top] ^= UInt8.random(in: 0...255, using: &random) }
      case .close:
        base[start] = base[start] &+ UInt8.random(in: 0...3, using: &random)
      case .unmasked, .unmaskedWithOtherSigns:
        guard isZero else { continue }
        for place in start..<top { base[place] = UInt8.random(in: 0...255, using: &random) }
        let sign = self == .unmasked ? bytes[top] : UInt8.random(in: 0...1, using: &random) << 7
        base[top] = sign | UInt8.random(in: 0x20...0x40, using: &random)
      }
    }
    return base
  }
}
