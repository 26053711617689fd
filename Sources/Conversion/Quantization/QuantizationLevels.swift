import Encodings
import Kernels

/// The levels on which weights are put, times a scale.
enum QuantizationLevels: Sendable {
  case integers(bits: Int, isSymmetric: Bool)
  case ternary
  case floats(NarrowFloat, hasPowersOfTwo: Bool)
  case book(LevelBook)

  static let normalFloat4 = QuantizationLevels.book(LevelBook(.normalFloat4))

  /// What the weights that share it are divided by, and the whole levels that they may take, where levels are such.
  struct Scale: Hashable, Sendable {
    let scale: Float
    var low: Float = 0
    var high: Float = 0
  }

  /// The scale for weights of that range, rounded to `type`: never below the smallest nor above the largest number of it.
  func scale(for range: NumberRange, _ type: GridKind) -> Scale {
    switch self {
    case .integers(let bits, true):
      let high = Float(1 << (bits - 1) - 1)
      return Scale(scale: type.positive(range.reach / high), low: -high, high: high)
    case .integers(let bits, false):
      let steps = Float(1 << bits - 1)
      let scale = type.positive((range.high - range.low) / steps)
      let zero = min((-range.low / scale).rounded(.toNearestOrEven), steps)
      return Scale(scale: scale, low: -zero, high: steps - zero)
    case .ternary: return Scale(scale: type.positive(Float(range.meanMagnitude)), low: -1, high: 1)
    case .floats(let levels, true):
      let exponent = range.reach == 0 ? -127 : Int(range.reach.exponent) - levels.largestExponent
      return Scale(scale: Float(sign: .plus, exponent: min(max(exponent, -127), 127), significand: 1))
    case .floats(let levels, false): return Scale(scale: type.positive(range.reach / levels.largest))
    case .book: return Scale(scale: type.positive(range.reach))
    }
  }

  /// Puts the numbers of a run on levels × scale, within ±`limit`.
  func apply(_ scale: Scale, to numbers: inout [Float], _ run: Range<Int>, limit: Float) {
    switch self {
    case .integers, .ternary:
      Quantize.toIntegers(&numbers, run, scale: scale.scale, low: scale.low, high: scale.high, limit: limit)
    case .floats(let levels, _):
      Quantize.toFloats(&numbers, run, scale: scale.scale, levels: levels, limit: limit)
    case .book(let book): Quantize.toLevels(&numbers, run, scale: scale.scale, book: book, limit: limit)
    }
  }
}

extension GridKind {
  /// A number rounded to the type, at least the smallest one above 0 and at most the largest finite one.
  fileprivate func positive(_ number: Float) -> Float {
    let infinity: UInt32 = self == .f32 ? 0x7F80_0000 : self == .bf16 ? 0x7F80 : 0x7C00
    return value(min(max(word(number), 1), infinity - 1))
  }
}
