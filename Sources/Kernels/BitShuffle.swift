/// The bit transposition of bitshuffle: plane 8 · k + b holds bit b of byte k of every element, the low bit of a plane's
/// byte being that of the first element. None of these functions allocates or fails.
public enum BitShuffle {
  /// Puts the planes of `elements` elements back together.
  /// - Parameters:
  ///   - elements: a multiple of 8.
  ///   - planes: as many bytes as the elements have, for the byte planes between.
  public static func unshuffle(
    _ source: UnsafePointer<UInt8>, elements: Int, elementBytes: Int, planes: UnsafeMutablePointer<UInt8>,
    into target: UnsafeMutablePointer<UInt8>
  ) {
    for plane in 0..<elementBytes {
      unsafe joinBits(source + plane * elements, bytesPerBit: elements / 8, into: planes + plane * elements)
    }
    unsafe ByteShuffle.unshuffle(planes, byteCount: elements * elementBytes, elementBytes: elementBytes, into: target)
  }

  /// Eight bit planes become one byte plane.
  private static func joinBits(
    _ bits: UnsafePointer<UInt8>, bytesPerBit count: Int, into plane: UnsafeMutablePointer<UInt8>
  ) {
    let target = UnsafeMutableRawPointer(plane)
    var index = 0
    while index < count {
      var square: UInt64 = 0
      for bit in 0..<8 { unsafe square |= UInt64(bits[bit &* count &+ index]) &<< UInt64(8 &* bit) }
      unsafe target.storeBytes(of: transposed(square), toByteOffset: 8 &* index, as: UInt64.self)
      index &+= 1
    }
  }

  /// The transpose of a square of 8 × 8 bits: bit i of byte k becomes bit k of byte i (Warren, Hacker's Delight, 7-3).
  @inline(__always)
  static func transposed(_ square: UInt64) -> UInt64 {
    var bits = square
    var swapped = (bits ^ bits &>> 7) & 0x00AA_00AA_00AA_00AA
    bits ^= swapped ^ swapped &<< 7
    swapped = (bits ^ bits &>> 14) & 0x0000_CCCC_0000_CCCC
    bits ^= swapped ^ swapped &<< 14
    swapped = (bits ^ bits &>> 28) & 0x0000_0000_F0F0_F0F0
    return bits ^ swapped ^ swapped &<< 28
  }
}
