import Glibc

/// Types of one scale: the element of largest magnitude, or both extremes, lie on a level.
extension BlockQuantizer {
  @inline(__always)
  static func q4_0(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    let d = unsafe leading(x, 32) / -8
    let inverse = inverse(d)
    unsafe store(d, block)
    unsafe halves(block + 2) { unsafe min(15, truncated(x[$0] * inverse + 8.5)) }
  }

  @inline(__always)
  static func q4_1(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    let (d, least) = unsafe extent(x, levels: 15)
    let inverse = inverse(d)
    unsafe store(d, block)
    unsafe store(least, block + 2)
    unsafe halves(block + 4) { unsafe min(15, truncated((x[$0] - least) * inverse + 0.5)) }
  }

  @inline(__always)
  static func q5_0(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    let d = unsafe leading(x, 32) / -16
    let inverse = inverse(d)
    unsafe store(d, block)
    unsafe fives(block + 2) { unsafe min(31, truncated(x[$0] * inverse + 16.5)) }
  }

  @inline(__always)
  static func q5_1(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    let (d, least) = unsafe extent(x, levels: 31)
    let inverse = inverse(d)
    unsafe store(d, block)
    unsafe store(least, block + 2)
    unsafe fives(block + 4) { unsafe min(31, truncated((x[$0] - least) * inverse + 0.5)) }
  }

  @inline(__always)
  static func q8_0(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    let d = Float(bitPattern: unsafe largestMagnitude(x, 32)) / 127
    let inverse = inverse(d)
    unsafe store(d, block)
    var index = 0
    while index < 32 {
      unsafe block[2 &+ index] = UInt8(truncatingIfNeeded: rounded(x[index] * inverse))
      index &+= 1
    }
  }

  /// Codes as `formats/blocks.md` has them, of the scale 2^(e − 128): the level with the smallest error, of equals the
  /// smallest.
  @inline(__always)
  static func mxfp4(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    unsafe block[0] = exponent(Float(bitPattern: largestMagnitude(x, 32)))
    let d = unsafe Dequantize.e8m0(block)
    unsafe halves(block + 1) { index in
      let magnitude = unsafe abs(x[index])
      var (best, code) = (magnitude, Int32(0))
      nearer(d, 1, magnitude, &best, &code)
      nearer(d * 2, 2, magnitude, &best, &code)
      nearer(d * 3, 3, magnitude, &best, &code)
      nearer(d * 4, 4, magnitude, &best, &code)
      nearer(d * 6, 5, magnitude, &best, &code)
      nearer(d * 8, 6, magnitude, &best, &code)
      nearer(d * 12, 7, magnitude, &best, &code)
      let sign = unsafe x[index] < 0 && code > 0 ? Int32(8) : 0
      return code | sign
    }
  }

  @inline(__always)
  private static func nearer(
    _ level: Float, _ number: Int32, _ magnitude: Float, _ best: inout Float, _ code: inout Int32
  ) {
    let error = abs(level - magnitude)
    code = error < best ? number : code
    best = error < best ? error : best
  }

  /// ⌊log2 of the largest magnitude⌋ + 125, at least 0. The logarithm is rounded to f32 first, which lifts those that are
  /// just below a power of two.
  private static func exponent(_ largest: Float) -> UInt8 {
    guard largest > 0 else { return 0 }
    let logarithm = Float(log2(Double(largest)))
    return UInt8(min(255, max(0, logarithm.rounded(.down) + 125)))
  }

  @inline(__always)
  static func tq1_0(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    let d = Float(bitPattern: unsafe largestMagnitude(x, 256))
    let inverse = inverse(d)
    unsafe store(d, block + 52)
    unsafe trits(x, 32, 5, inverse, block)
    unsafe trits(x + 160, 16, 5, inverse, block + 32)
    unsafe trits(x + 240, 4, 4, inverse, block + 48)
  }

  /// `count` bytes of `digits` trits, of which the first is the highest, as fractions of 256, rounded up.
  @inline(__always)
  private static func trits(
    _ x: UnsafePointer<Float>, _ count: Int, _ digits: Int, _ inverse: Float, _ target: UnsafeMutablePointer<UInt8>
  ) {
    var index = 0
    while index < count {
      let number = unsafe x + index
      var value = unsafe trit(number[0] * inverse)
      value = unsafe value &* 3 &+ trit(number[count] * inverse)
      value = unsafe value &* 3 &+ trit(number[2 &* count] * inverse)
      value = unsafe value &* 3 &+ trit(number[3 &* count] * inverse)
      // Bytes of four trits have a fifth of 0.
      value = unsafe value &* 3 &+ (digits == 5 ? trit(number[4 &* count] * inverse) : 0)
      unsafe target[index] = UInt8(truncatingIfNeeded: (value &* 256 &+ 242) / 243)
      index &+= 1
    }
  }

  @inline(__always)
  static func tq2_0(_ x: UnsafePointer<Float>, _ block: UnsafeMutablePointer<UInt8>) {
    let d = Float(bitPattern: unsafe largestMagnitude(x, 256))
    let inverse = inverse(d)
    unsafe store(d, block + 64)
    unsafe pairs(block) { unsafe trit(x[$0] * inverse) }
  }

  /// One more than the nearest whole number, halves away from zero, of a magnitude of about 1 at most; 1 of what is not
  /// finite.
  @inline(__always)
  private static func trit(_ number: Float) -> Int32 {
    let magnitude = number.magnitude
    let isOne = magnitude >= 0.5 && magnitude < .infinity
    return isOne ? (number < 0 ? 0 : 2) : 1
  }

  /// The element of largest magnitude, the first of equals, with its sign.
  @inline(__always)
  private static func leading(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    let largest = unsafe largestMagnitude(x, count)
    var index = 0
    while unsafe x[index].bitPattern & 0x7FFF_FFFF != largest { index &+= 1 }
    return unsafe x[index]
  }

  /// The distance of two of so many levels between the extremes of 32 elements, and the smaller extreme.
  @inline(__always)
  private static func extent(_ x: UnsafePointer<Float>, levels: Float) -> (step: Float, least: Float) {
    var (least, most) = unsafe (x[0], x[0])
    var index = 1
    while index < 32 {
      let number = unsafe x[index]
      least = number < least ? number : least
      most = number > most ? number : most
      index &+= 1
    }
    return ((most - least) / levels, least)
  }

  /// Down to a whole number, of what is not negative and below 2^22; 0 of what is not finite. (Adding 2^23 rounds to the
  /// nearest and leaves it in the lowest bits, which vectors can.)
  @inline(__always)
  static func truncated(_ number: Float) -> Int32 {
    let shifted = number + 0x1p23
    let nearest = Int32(bitPattern: shifted.bitPattern & 0x3F_FFFF)
    return nearest &- (shifted - 0x1p23 > number ? 1 : 0)
  }

  /// To the nearest whole number, halves away from zero, of magnitudes below 2^22; 0 of what is not finite.
  @inline(__always)
  static func rounded(_ number: Float) -> Int32 {
    let magnitude = abs(number)
    let shifted = magnitude + 0x1p23
    let nearest = Int32(bitPattern: shifted.bitPattern & 0x3F_FFFF)
    let away = nearest &+ (magnitude - (shifted - 0x1p23) == 0.5 ? 1 : 0)
    return number < 0 ? 0 &- away : away
  }

  // MARK: Codes

  /// 32 codes of four bits: the first sixteen low, the others high.
  @inline(__always)
  private static func halves(_ target: UnsafeMutablePointer<UInt8>, _ code: (Int) -> Int32) {
    unsafe withCodes(32, code) { codes in
      var index = 0
      while index < 16 {
        unsafe target[index] = codes[index] | codes[16 &+ index] &<< 4
        index &+= 1
      }
    }
  }

  /// 32 codes of five bits.
  @inline(__always)
  private static func fives(_ target: UnsafeMutablePointer<UInt8>, _ code: (Int) -> Int32) {
    unsafe withCodes(32, code) { unsafe BlockSymbols.joinFive($0, target) }
  }

  /// 256 codes of two bits: byte 32 n + l has those of elements 128 n + 32 j + l, j from 0 to 3 from the lowest bits up.
  @inline(__always)
  static func pairs(_ target: UnsafeMutablePointer<UInt8>, _ code: (Int) -> Int32) {
    unsafe withCodes(256, code) { codes in
      var half = 0
      while half < 2 {
        let (from, to) = unsafe (codes + 128 &* half, target + 32 &* half)
        var index = 0
        while index < 32 {
          let low = unsafe from[index] | from[32 &+ index] &<< 2
          unsafe to[index] = unsafe low | from[64 &+ index] &<< 4 | from[96 &+ index] &<< 6
          index &+= 1
        }
        half &+= 1
      }
    }
  }

  /// The codes first, in a loop that does nothing else, so that it is vectorised.
  @inline(__always)
  private static func withCodes(_ count: Int, _ code: (Int) -> Int32, _ body: (UnsafePointer<UInt8>) -> Void) {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { codes in
      var index = 0
      while index < count {
        unsafe codes[index] = UInt8(truncatingIfNeeded: code(index))
        index &+= 1
      }
      unsafe body(codes.baseAddress!)
    }
  }
}
