public import TensorModel

/// Weights multiplied by a mask of ones and zeros, as IEEE 754 does it, but that whatever is kept keeps its bits.
///
/// Under a zero, a finite weight becomes the zero of its sign, and an infinite one or a NaN the quiet NaN with a clear sign.
public struct MaskProduct: Sendable {
  public let weights: DType
  public let mask: DType
  private let exponentBits: Int

  /// Nil for types that nobody prunes in: weights are F16, BF16, F32 or F64, masks of the same type, BOOL or U8.
  public init?(of weights: DType, mask: DType) {
    guard [.f16, .bf16, .f32, .f64].contains(weights), [weights, .bool, .u8].contains(mask),
      case .float(let layout) = weights.values
    else { return nil }
    self.weights = weights
    self.mask = mask
    exponentBits = layout.exponentBits
  }

  /// Whether all elements are +0 or 1. Any alignment.
  public func isMask(_ bytes: RawSpan) -> Bool {
    unsafe bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return true }
      guard mask == weights else { return unsafe isMask(start, bytes.count, one: UInt8(1)) }
      return switch weights.blockBytes {
      case 2: unsafe isMask(start, bytes.count / 2, one: one(UInt16.self))
      case 4: unsafe isMask(start, bytes.count / 4, one: one(UInt32.self))
      default: unsafe isMask(start, bytes.count / 8, one: one(UInt64.self))
      }
    }
  }

  /// Multiplies the weights at `words`, aligned, by as many elements of a mask at any alignment.
  @unsafe public func multiply(_ words: UnsafeMutableRawPointer, by mask: RawSpan) {
    unsafe mask.withUnsafeBytes { mask in
      guard let start = mask.baseAddress else { return }
      switch weights.blockBytes {
      case 2: unsafe multiply(words.words(UInt16.self), start, mask.count)
      case 4: unsafe multiply(words.words(UInt32.self), start, mask.count)
      default: unsafe multiply(words.words(UInt64.self), start, mask.count)
      }
    }
  }

  /// The bits of 1: the bias, which has all bits of the exponent but the top one.
  private func one<W: Word>(_ type: W.Type) -> W { exponents(type) &>> 1 & exponents(type) }

  /// The bits of the exponent.
  private func exponents<W: Word>(_ type: W.Type) -> W {
    let mantissaBits = W.bitWidth - 1 - exponentBits
    return (1 &<< W(exponentBits) &- 1) &<< W(mantissaBits)
  }

  @inline(__always)
  private func isMask<W: Word>(_ start: UnsafeRawPointer, _ count: Int, one: W) -> Bool {
    var others: W = 0
    var index = 0
    while index < count {
      let word = unsafe start.loadUnaligned(fromByteOffset: index &* (W.bitWidth / 8), as: W.self)
      others |= word == 0 || word == one ? 0 : 1
      index &+= 1
    }
    return others == 0
  }

  @inline(__always)
  private func multiply<W: Word>(_ words: UnsafeMutablePointer<W>, _ mask: UnsafeRawPointer, _ byteCount: Int) {
    if self.mask == weights {
      unsafe multiply(words, mask, of: W.self, byteCount / (W.bitWidth / 8))
    } else {
      unsafe multiply(words, mask, of: UInt8.self, byteCount)
    }
  }

  @inline(__always)
  private func multiply<W: Word, M: Word>(
    _ words: UnsafeMutablePointer<W>, _ mask: UnsafeRawPointer, of type: M.Type, _ count: Int
  ) {
    let exponents = exponents(W.self)
    let sign: W = 1 &<< W(W.bitWidth &- 1)
    // The exponent and the top bit of the mantissa.
    let quietNaN = exponents | (exponents &>> 1)
    var index = 0
    while index < count {
      let word = unsafe words[index]
      let zero = word & exponents == exponents ? quietNaN : word & sign
      let isKept = unsafe mask.loadUnaligned(fromByteOffset: index &* (M.bitWidth / 8), as: M.self) != 0
      unsafe words[index] = isKept ? word : zero
      index &+= 1
    }
  }
}
