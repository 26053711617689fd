import TensorModel

/// The floats that lie on a grid: what a product of a level and a scale is rounded to (`formats/encodings/grid.md`).
public enum GridKind: UInt8, Sendable, CaseIterable {
  case bf16 = 0
  case f16 = 1
  case f32 = 2

  /// Bytes of an element.
  public var width: Int { self == .f32 ? 4 : 2 }

  /// Bits of the significand behind the leading one.
  public var fractionBits: Int {
    switch self {
    case .bf16: 7
    case .f16: 10
    case .f32: 23
    }
  }

  /// The exponent of the smallest normal number.
  public var leastExponent: Int { self == .f16 ? -14 : -126 }

  /// All elements as f32, exactly.
  public func widen(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
    switch self {
    case .bf16: unsafe FloatRounding.widenBF16(source, count: count, into: target)
    case .f16: unsafe FloatRounding.widenF16(source, count: count, into: target)
    case .f32: unsafe UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: 4 * count)
    }
  }

  /// The word of a number, rounded to the nearest, ties to even.
  @inline(__always)
  public func word(_ value: Float) -> UInt32 {
    switch self {
    case .bf16:
      let bits = value.bitPattern
      if bits & 0x7FFF_FFFF > 0x7F80_0000 { return bits &>> 16 | 0x40 }
      return (bits &+ 0x7FFF &+ (bits &>> 16 & 1)) &>> 16
    case .f16: return UInt32(FloatRounding.half(value.bitPattern))
    case .f32: return value.bitPattern
    }
  }

  /// The number of a word.
  @inline(__always)
  public func value(_ word: UInt32) -> Float {
    switch self {
    case .bf16: Float(bitPattern: word &<< 16)
    case .f16: FloatLayout.f16.single(ofBits: UInt64(word))
    case .f32: Float(bitPattern: word)
    }
  }

  /// The word at an element of a tensor's bytes.
  @inline(__always)
  public func load(_ source: UnsafeRawPointer, _ index: Int) -> UInt32 {
    self == .f32
      ? unsafe source.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self)
      : unsafe UInt32(source.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self))
  }

  /// Writes a word as element `index`.
  @inline(__always)
  public func store(_ word: UInt32, _ target: UnsafeMutableRawPointer, _ index: Int) {
    if self == .f32 {
      unsafe target.storeBytes(of: word, toByteOffset: 4 &* index, as: UInt32.self)
    } else {
      unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: word), toByteOffset: 2 &* index, as: UInt16.self)
    }
  }

  /// The numbers half way to both neighbours of `value`, not 0: what lies between them is rounded to it.
  @inline(__always)
  func rounding(to value: Double) -> (low: Double, high: Double) {
    let half = halfStep(value)
    // Below a power of two, numbers lie twice as close; smaller magnitudes are below a positive one, above a negative.
    let isPower = value.bitPattern & 0xF_FFFF_FFFF_FFFF == 0 && value.magnitude.exponent > leastExponent
    let nearer = isPower ? half / 2 : half
    return value > 0 ? (value - nearer, value + half) : (value - half, value + nearer)
  }

  /// Half the distance of `value`, not 0, to its neighbour of larger magnitude.
  @inline(__always)
  func halfStep(_ value: Double) -> Double {
    // 0 and subnormals of doubles are far below what any kind holds.
    let exponent = max(Int(value.magnitude.bitPattern &>> 52) &- 1023, leastExponent)
    return Double(bitPattern: UInt64(exponent &- fractionBits &- 1 &+ 1023) &<< 52)
  }
}
