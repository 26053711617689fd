import CKernels

/// Loops that widen to f32 and round to 16 bits: to the nearest, ties to the even one, NaNs quiet. They neither allocate nor
/// fail; addresses may be odd.
///
/// `roundTo…` give the largest magnitude, as a pattern, that they wrote: whether anything is infinite or NaN.
public enum FloatRounding {
  public static func roundToBF16(
    _ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer, on set: InstructionSet = .best
  ) -> UInt16 {
    if let kernel = unsafe set.kernels?.round_to_bf16 {
      return unsafe UInt16(truncatingIfNeeded: kernel(source, count, target))
    }
    var largest: UInt32 = 0
    var index = 0
    while index < count {
      let bits = unsafe source.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self)
      let rounded = (bits &+ 0x7FFF &+ (bits &>> 16 & 1)) &>> 16
      let word = bits & 0x7FFF_FFFF > 0x7F80_0000 ? bits &>> 16 | 0x40 : rounded
      largest = max(largest, word & 0x7FFF)
      unsafe target.storeBytes(of: UInt16(truncatingIfNeeded: word), toByteOffset: 2 &* index, as: UInt16.self)
      index &+= 1
    }
    return UInt16(truncatingIfNeeded: largest)
  }

  public static func roundToF16(
    _ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer, on set: InstructionSet = .best
  ) -> UInt16 {
    if let kernel = unsafe set.kernels?.round_to_f16 {
      return unsafe UInt16(truncatingIfNeeded: kernel(source, count, target))
    }
    var largest: UInt32 = 0
    var index = 0
    while index < count {
      let bits = unsafe source.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self)
      let word = half(bits)
      largest = max(largest, UInt32(word & 0x7FFF))
      unsafe target.storeBytes(of: word, toByteOffset: 2 &* index, as: UInt16.self)
      index &+= 1
    }
    return UInt16(truncatingIfNeeded: largest)
  }

  /// The half nearest to an f32.
  @inline(__always)
  static func half(_ bits: UInt32) -> UInt16 {
    UInt16(truncatingIfNeeded: halfMagnitude(bits & 0x7FFF_FFFF) | bits &>> 16 & 0x8000)
  }

  /// The pattern of the half nearest to a magnitude in f32.
  @inline(__always)
  private static func halfMagnitude(_ bits: UInt32) -> UInt32 {
    // From 2^16 on all is infinite; from 65520 on rounding gets there by itself.
    if bits >= 0x4780_0000 { return bits > 0x7F80_0000 ? 0x7E00 | bits &>> 13 & 0x3FF : 0x7C00 }
    // Below 2^-14 the sum with 0.5, whose last bit is 2^-24, is rounded as a subnormal half is.
    if bits < 0x3880_0000 { return (Float(bitPattern: bits) + 0.5).bitPattern &- 0x3F00_0000 }
    return (bits &- 0x3800_0000 &+ 0xFFF &+ (bits &>> 13 & 1)) &>> 13
  }

  public static func widenBF16(
    _ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer, on set: InstructionSet = .best
  ) {
    if let kernel = unsafe set.kernels?.widen_bf16 { return unsafe kernel(source, count, target) }
    var index = 0
    while index < count {
      let word = unsafe UInt32(source.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self))
      let quiet: UInt32 = word & 0x7FFF > 0x7F80 ? 0x40 : 0
      unsafe target.storeBytes(of: (word | quiet) &<< 16, toByteOffset: 4 &* index, as: UInt32.self)
      index &+= 1
    }
  }

  public static func widenF16(
    _ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer, on set: InstructionSet = .best
  ) {
    if let kernel = unsafe set.kernels?.widen_f16 { return unsafe kernel(source, count, target) }
    var index = 0
    while index < count {
      let word = unsafe UInt32(source.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self))
      let bits = singleMagnitude(word & 0x7FFF) | (word & 0x8000) &<< 16
      unsafe target.storeBytes(of: bits, toByteOffset: 4 &* index, as: UInt32.self)
      index &+= 1
    }
  }

  /// The pattern in f32 of a magnitude in f16.
  @inline(__always)
  private static func singleMagnitude(_ word: UInt32) -> UInt32 {
    let bits = word &<< 13 &+ 0x3800_0000
    if word >= 0x7C00 { return bits &+ 0x3800_0000 | (word > 0x7C00 ? 0x0040_0000 : 0) }
    // A subnormal half: its fraction in units of 2^-24, taken from the fraction of 2^-14.
    if word < 0x0400 { return (Float(bitPattern: bits &+ 0x0080_0000) - 0x1p-14).bitPattern }
    return bits
  }

  /// Rounds f64 to f32, to the nearest, NaNs quiet.
  public static func roundToF32(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer) {
    var index = 0
    while index < count {
      let number = unsafe source.loadUnaligned(fromByteOffset: 8 &* index, as: Double.self)
      unsafe target.storeBytes(of: Float(number), toByteOffset: 4 &* index, as: Float.self)
      index &+= 1
    }
  }

  /// Rounds f64 to f32 *to odd*: what is not exact gets the neighbour towards zero, its last bit set.
  ///
  /// Rounded again, to a type of at least two bits less, it gives what rounding once would have given (Boldo and
  /// Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
  public static func roundToOddF32(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer) {
    var index = 0
    while index < count {
      let number = unsafe source.loadUnaligned(fromByteOffset: 8 &* index, as: Double.self)
      let nearest = Float(number)
      let (before, after) = (number.magnitude, Double(nearest).magnitude)
      let isAway: UInt32 = after > before ? 1 : 0
      // Neither holds for a NaN.
      let isInexact: UInt32 = after > before || after < before ? 1 : 0
      unsafe target.storeBytes(
        of: nearest.bitPattern &- isAway | isInexact, toByteOffset: 4 &* index, as: UInt32.self)
      index &+= 1
    }
  }

  public static func widenToF64(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer) {
    var index = 0
    while index < count {
      let number = unsafe source.loadUnaligned(fromByteOffset: 4 &* index, as: Float.self)
      unsafe target.storeBytes(of: Double(number), toByteOffset: 8 &* index, as: Double.self)
      index &+= 1
    }
  }

  /// Widens bytes by a table of 256 f32.
  public static func widenBytes(
    _ source: UnsafeRawPointer, count: Int, table: UnsafePointer<UInt32>, into target: UnsafeMutableRawPointer
  ) {
    var index = 0
    while index < count {
      let byte = unsafe Int(source.load(fromByteOffset: index, as: UInt8.self))
      unsafe target.storeBytes(of: table[byte], toByteOffset: 4 &* index, as: UInt32.self)
      index &+= 1
    }
  }

  /// Rounds f32 to bytes by a table of 65,536: of the upper half of each pattern, its last bit set where the lower half is
  /// not 0. That is bf16 rounded to odd, with at least two bits more than any float of 8 bits.
  public static func roundToBytes(
    _ source: UnsafeRawPointer, count: Int, table: UnsafePointer<UInt8>, into target: UnsafeMutableRawPointer
  ) {
    var index = 0
    while index < count {
      let bits = unsafe source.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self)
      let odd = bits &>> 16 | (bits & 0xFFFF == 0 ? 0 : 1)
      unsafe target.storeBytes(of: table[Int(odd)], toByteOffset: index, as: UInt8.self)
      index &+= 1
    }
  }
}
