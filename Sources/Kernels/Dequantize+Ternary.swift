/// Types of three values: see `BlockType.describe`.
extension Dequantize {
  @inline(__always)
  static func tq1_0(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block, 52)
    unsafe trits(block, 32, 5, d, output)
    unsafe trits(block + 32, 16, 5, d, output + 160)
    unsafe trits(block + 48, 4, 4, d, output + 240)
  }

  /// `count` bytes of `digits` trits; the first trits of all bytes come first. A byte is a fraction of 256: times 3 it
  /// carries its next trit.
  @inline(__always)
  private static func trits(
    _ codes: UnsafeRawPointer, _ count: Int, _ digits: Int, _ d: Float, _ output: UnsafeMutablePointer<Float>
  ) {
    var power: Int32 = 1
    var digit = 0
    while digit < digits {
      let target = unsafe output + digit &* count
      var index = 0
      while index < count {
        let fraction = unsafe (Int32(byte(codes, index)) &* power) & 255
        unsafe target[index] = d * Float(((fraction &* 3) &>> 8) &- 1)
        index &+= 1
      }
      power = power &* 3
      digit &+= 1
    }
  }

  @inline(__always)
  static func tq2_0(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block, 64)
    var run = 0
    while run < 8 {
      let codes = unsafe block + 32 &* (run / 4)
      let shift = Int32(truncatingIfNeeded: 2 &* (run % 4))
      let target = unsafe output + 32 &* run
      var index = 0
      while index < 32 {
        unsafe target[index] = d * Float((Int32(byte(codes, index)) &>> shift & 3) &- 1)
        index &+= 1
      }
      run &+= 1
    }
  }
}
