public import TensorModel

/// Turns blocks into the f32 numbers that they stand for: `BlockLayout.formula`, each operation rounded once.
///
/// Bit by bit what gguf-py gives, NaNs and infinities of scales included: where several NaNs meet, the leftmost of the
/// formula stays.
public enum Dequantize {
  /// Writes the elements of `blocks`, whole blocks at any address, to `output`. O(n); allocates nothing.
  /// - Precondition: `output` is aligned for floats, has room for the elements and does not overlap `blocks`.
  public static func floats(of blocks: RawSpan, _ type: BlockType, into output: UnsafeMutableRawPointer) {
    let layout = type.layout
    precondition(blocks.byteCount % layout.byteCount == 0)
    let count = blocks.byteCount / layout.byteCount
    unsafe blocks.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      let target = unsafe output.bindMemory(to: Float.self, capacity: count * layout.elements)
      unsafe dequantize(source, count, type, into: target)
    }
  }

  private static func dequantize(
    _ source: UnsafeRawPointer, _ count: Int, _ type: BlockType, into target: UnsafeMutablePointer<Float>
  ) {
    switch type {
    case .q1_0: unsafe each(source, count, 18, 128, target) { unsafe q1_0($0, $1) }
    case .q2_0: unsafe each(source, count, 18, 64, target) { unsafe q2_0($0, $1) }
    case .q4_0: unsafe each(source, count, 18, 32, target) { unsafe q4_0($0, $1) }
    case .q4_1: unsafe each(source, count, 20, 32, target) { unsafe q4_1($0, $1) }
    case .q5_0: unsafe each(source, count, 22, 32, target) { unsafe q5_0($0, $1) }
    case .q5_1: unsafe each(source, count, 24, 32, target) { unsafe q5_1($0, $1) }
    case .q8_0: unsafe each(source, count, 34, 32, target) { unsafe bytes($0 + 2, 32, half($0), $1) }
    case .q8_1: unsafe each(source, count, 36, 32, target) { unsafe bytes($0 + 4, 32, half($0), $1) }
    case .q8_k: unsafe each(source, count, 292, 256, target) { unsafe bytes($0 + 4, 256, single($0), $1) }
    case .q2_k: unsafe each(source, count, 84, 256, target) { unsafe q2_k($0, $1) }
    case .q3_k: unsafe each(source, count, 110, 256, target) { unsafe q3_k($0, $1) }
    case .q4_k: unsafe each(source, count, 144, 256, target) { unsafe q4_k($0, $1) }
    case .q5_k: unsafe each(source, count, 176, 256, target) { unsafe q5_k($0, $1) }
    case .q6_k: unsafe each(source, count, 210, 256, target) { unsafe q6_k($0, $1) }
    case .iq1_s: unsafe each(source, count, 50, 256, target) { unsafe iq1_s($0, $1) }
    case .iq1_m: unsafe each(source, count, 56, 256, target) { unsafe iq1_m($0, $1) }
    case .iq2_xxs: unsafe each(source, count, 66, 256, target) { unsafe iq2_xxs($0, $1) }
    case .iq2_xs: unsafe each(source, count, 74, 256, target) { unsafe iq2_xs($0, $1) }
    case .iq2_s: unsafe each(source, count, 82, 256, target) { unsafe iq2_s($0, $1) }
    case .iq3_xxs: unsafe each(source, count, 98, 256, target) { unsafe iq3_xxs($0, $1) }
    case .iq3_s: unsafe each(source, count, 110, 256, target) { unsafe iq3_s($0, $1) }
    case .iq4_nl: unsafe each(source, count, 18, 32, target) { unsafe looked($0 + 2, 16, half($0), CodeGrids.iq4, $1) }
    case .iq4_xs: unsafe each(source, count, 136, 256, target) { unsafe iq4_xs($0, $1) }
    case .tq1_0: unsafe each(source, count, 54, 256, target) { unsafe tq1_0($0, $1) }
    case .tq2_0: unsafe each(source, count, 66, 256, target) { unsafe tq2_0($0, $1) }
    case .mxfp4:
      unsafe each(source, count, 17, 32, target) { unsafe looked($0 + 1, 16, e8m0($0), CodeGrids.fp4, $1) }
    case .nvfp4: unsafe each(source, count, 36, 64, target) { unsafe nvfp4($0, $1) }
    }
  }

  /// One block after the other. The sizes are constants at every call, so that the loops are unrolled.
  @inline(__always)
  private static func each(
    _ source: UnsafeRawPointer, _ count: Int, _ bytes: Int, _ elements: Int, _ target: UnsafeMutablePointer<Float>,
    _ body: (UnsafeRawPointer, UnsafeMutablePointer<Float>) -> Void
  ) {
    var block = 0
    while block < count {
      unsafe body(source + block &* bytes, target + block &* elements)
      block &+= 1
    }
  }
}

// MARK: Words of a block

extension Dequantize {
  @inline(__always)
  static func byte(_ block: UnsafeRawPointer, _ offset: Int) -> UInt8 {
    unsafe block.load(fromByteOffset: offset, as: UInt8.self)
  }

  @inline(__always)
  static func word16(_ block: UnsafeRawPointer, _ offset: Int) -> UInt16 {
    unsafe block.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
  }

  @inline(__always)
  static func word32(_ block: UnsafeRawPointer, _ offset: Int) -> UInt32 {
    unsafe block.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  /// The f16 at `offset`.
  @inline(__always)
  static func half(_ block: UnsafeRawPointer, _ offset: Int = 0) -> Float { half(unsafe word16(block, offset)) }

  /// The exponent is put right by a multiplication, which makes subnormal numbers normal; infinities and NaNs, which it
  /// would make finite, get the largest exponent.
  @inline(__always)
  static func half(_ bits: UInt16) -> Float {
    let magnitude = UInt32(bits & 0x7FFF) &<< 13
    let finite = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
    let placed = magnitude >= 0x0F80_0000 ? magnitude | 0x7F80_0000 : finite
    return Float(bitPattern: placed | UInt32(bits & 0x8000) &<< 16)
  }

  @inline(__always)
  static func single(_ block: UnsafeRawPointer) -> Float { Float(bitPattern: unsafe word32(block, 0)) }

  /// 2^(e − 128), the scale for codes whose values are doubled; 0 and 1 are subnormal, 255 is a number.
  @inline(__always)
  static func e8m0(_ block: UnsafeRawPointer) -> Float {
    let exponent = unsafe UInt32(byte(block, 0))
    return Float(bitPattern: exponent < 2 ? 0x0020_0000 &<< exponent : (exponent &- 1) &<< 23)
  }
}
