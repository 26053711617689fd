/// The signs of zeros that a mask leaves out, beside those of a base (`formats/encodings/delta.md`). None of these functions
/// allocates or fails.
public enum BaseSigns {
  /// Writes a bit for each left-out element, in order: whether its sign is another than the base's.
  /// - Parameter bits: room for a bit each and one byte more.
  /// - Returns: whether any is.
  public static func differ(
    _ source: UnsafeRawPointer, from base: UnsafeRawPointer, count: Int, width: Int, bitmap: UnsafePointer<UInt8>,
    into bits: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    var written = 0
    var some: UInt8 = 0
    var byte: UInt8 = 0
    var index = 0
    while index < count {
      if unsafe bitmap.bit(index) == 0 {
        let differs = unsafe top(source, index, width) ^ top(base, index, width)
        some |= differs
        byte |= differs &<< UInt8(truncatingIfNeeded: written & 7)
        written &+= 1
        if written & 7 == 0 {
          unsafe bits[written &>> 3 &- 1] = byte
          byte = 0
        }
      }
      index &+= 1
    }
    if written & 7 != 0 { unsafe bits[written &>> 3] = byte }
    return some != 0
  }

  /// Makes each left-out element of `target` a zero: +0, or with the base's sign.
  public static func clear(
    _ target: UnsafeMutableRawPointer, signsOf base: UnsafeRawPointer?, count: Int, width: Int,
    bitmap: UnsafePointer<UInt8>
  ) {
    withWord(
      width: width,
      { unsafe clear(target.words(UInt8.self), base, count, bitmap) },
      { unsafe clear(target.words(UInt16.self), base, count, bitmap) },
      { unsafe clear(target.words(UInt32.self), base, count, bitmap) },
      { unsafe clear(target.words(UInt64.self), base, count, bitmap) })
  }

  /// Turns the signs of those left-out elements whose bit is set.
  /// - Parameter bits: a bit for each left-out element.
  public static func flip(
    _ target: UnsafeMutableRawPointer, by bits: UnsafePointer<UInt8>, count: Int, width: Int,
    bitmap: UnsafePointer<UInt8>
  ) {
    let tops = unsafe target.assumingMemoryBound(to: UInt8.self) + (width &- 1)
    var read = 0
    var index = 0
    while index < count {
      if unsafe bitmap.bit(index) == 0 {
        unsafe tops[index &* width] ^= bits.bit(read) &<< 7
        read &+= 1
      }
      index &+= 1
    }
  }

  @inline(__always)
  private static func clear<W: Word>(
    _ target: UnsafeMutablePointer<W>, _ base: UnsafeRawPointer?, _ count: Int, _ bitmap: UnsafePointer<UInt8>
  ) {
    // Where no signs are taken, those of the target itself are read, and none of their bits kept.
    let signs = unsafe base?.words(W.self) ?? UnsafePointer(target)
    let top: W = unsafe base == nil ? 0 : 1 &<< W(truncatingIfNeeded: W.bitWidth &- 1)
    var index = 0
    while index < count {
      let kept = unsafe 0 &- W(truncatingIfNeeded: bitmap.bit(index))
      unsafe target[index] = target[index] & kept | signs[index] & top & ~kept
      index &+= 1
    }
  }

  /// The top bit of an element.
  @inline(__always)
  private static func top(_ words: UnsafeRawPointer, _ index: Int, _ width: Int) -> UInt8 {
    unsafe words.load(fromByteOffset: index &* width &+ width &- 1, as: UInt8.self) &>> 7
  }
}
