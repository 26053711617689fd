public import TensorModel

/// One element of a tensor as a number.
public enum ElementValue: Sendable {
  case unsigned(UInt64)
  case signed(Int64)
  case half(Float16)
  /// F32, and every type that it holds exactly: BF16, floats of at most 8 bits, elements of block types.
  case single(Float)
  case double(Double)
  case complex(Float, Float)
  /// Stored bytes whose meaning this build does not know.
  case opaque([UInt8])
}

/// Reads elements out of a tensor's bytes: little-endian, sub-byte types from the low bits up.
public enum ElementDecoding {
  /// The bits of element `index` of `bytes`, which begin at a block boundary.
  /// - Precondition: `dtype` is neither opaque nor a block type.
  @inline(__always)
  public static func bits(of index: Int, in bytes: RawSpan, _ dtype: DType) -> UInt64 {
    precondition(dtype.values != .opaque && dtype.blockType == nil && index >= 0)
    let width = dtype.elementBits
    let first = index * width
    // No element lies in more than two bytes unless it is whole bytes wide.
    let lastByte = (first + width - 1) / 8
    var word: UInt64 = 0
    for place in (first / 8)...lastByte {
      word |= UInt64(octet(place, of: bytes)) << UInt64(8 * (place - first / 8))
    }
    return width == 64 ? word : (word >> UInt64(first % 8)) & (1 << UInt64(width) - 1)
  }

  /// Element `index` of `bytes`, which begin at a block boundary. Of an opaque type, the bytes of its whole block.
  public static func value(of index: Int, in bytes: RawSpan, _ dtype: DType) -> ElementValue {
    switch dtype.values {
    case .opaque: return block(of: index, in: bytes, dtype)
    case .blocks(let type):
      let start = index / dtype.blockElements * dtype.blockBytes
      let numbers = BlockWidening.numbers(of: bytes.extracting(start..<(start + dtype.blockBytes)), type)
      return .single(numbers[index % dtype.blockElements])
    default: return value(ofBits: bits(of: index, in: bytes, dtype), dtype)
    }
  }

  /// The bytes of the block that holds element `index`.
  public static func block(of index: Int, in bytes: RawSpan, _ dtype: DType) -> ElementValue {
    let start = index / dtype.blockElements * dtype.blockBytes
    return .opaque((start..<start + dtype.blockBytes).map { octet($0, of: bytes) })
  }

  /// The number that `bits` mean in `dtype`. A boolean is 0, 1, or whatever its byte holds.
  /// - Precondition: `dtype` is neither opaque nor a block type.
  public static func value(ofBits bits: UInt64, _ dtype: DType) -> ElementValue {
    switch dtype.values {
    case .boolean, .unsigned: .unsigned(bits)
    case .signed: .signed(Int64(bitPattern: bits << UInt64(64 - dtype.elementBits)) >> Int64(64 - dtype.elementBits))
    case .float(.f16): .half(Float16(bitPattern: UInt16(bits)))
    case .float(.f64): .double(Double(bitPattern: bits))
    case .float(let layout): .single(layout.single(ofBits: bits))
    case .complex:
      .complex(
        Float(bitPattern: UInt32(truncatingIfNeeded: bits)), Float(bitPattern: UInt32(truncatingIfNeeded: bits >> 32)))
    case .blocks, .opaque: preconditionFailure("bits of \(dtype.name) alone are no number")
    }
  }

  /// The load is checked against the span; it counts as unsafe because not every type may be loaded so.
  @inline(__always)
  private static func octet(_ index: Int, of bytes: RawSpan) -> UInt8 {
    unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }
}

extension FloatLayout {
  /// The number that `bits` mean, as an f32 that holds it exactly.
  ///
  /// f32 and bf16 keep the bits of a NaN; a NaN of a narrower type becomes the quiet NaN of the same sign.
  /// - Precondition: the layout is f32, or no wider than 16 bits.
  public func single(ofBits bits: UInt64) -> Float {
    if self == .f32 { return Float(bitPattern: UInt32(bits)) }
    if self == .bf16 { return Float(bitPattern: UInt32(bits) << 16) }
    precondition(width <= 16)
    if specials == .scale {
      return bits == 0xFF ? .nan : Float(sign: .plus, exponent: Int(bits) - bias, significand: 1)
    }
    let sign: FloatingPointSign = bits >> UInt64(width - 1) & 1 == 1 ? .minus : .plus
    let exponent = Int(bits >> UInt64(mantissaBits)) & (1 << exponentBits - 1)
    let mantissa = Int(bits) & (1 << mantissaBits - 1)
    switch specials {
    case .ieee where exponent == 1 << exponentBits - 1:
      return mantissa == 0 ? (sign == .minus ? -.infinity : .infinity) : Self.nan(sign)
    case .nanOnly where exponent == 1 << exponentBits - 1 && mantissa == 1 << mantissaBits - 1:
      return Self.nan(sign)
    case .negativeZeroIsNaN where sign == .minus && exponent == 0 && mantissa == 0:
      return .nan
    default:
      let significand = Float(exponent == 0 ? mantissa : mantissa | 1 << mantissaBits)
      return Float(sign: sign, exponent: max(exponent, 1) - bias - mantissaBits, significand: significand)
    }
  }

  private static func nan(_ sign: FloatingPointSign) -> Float {
    Float(bitPattern: sign == .minus ? 0xFFC0_0000 : 0x7FC0_0000)
  }
}
