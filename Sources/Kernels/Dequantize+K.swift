/// Types of 256 elements with scales of two levels: see `BlockType.describe`.
extension Dequantize {
  @inline(__always)
  static func q2_k(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let (d, dmin) = unsafe (half(block, 80), half(block, 82))
    var part = 0
    while part < 16 {
      let scales = unsafe Int32(byte(block, part))
      let (scale, minimum) = (d * Float(scales & 15), dmin * Float(scales &>> 4))
      let codes = unsafe block + (16 &+ 32 &* (part / 8) &+ 16 &* (part % 2))
      let shift = Int32(truncatingIfNeeded: 2 &* (part / 2 % 4))
      let target = unsafe output + 16 &* part
      var index = 0
      while index < 16 {
        let code = unsafe Int32(byte(codes, index)) &>> shift & 3
        unsafe target[index] = scale * Float(code) - minimum
        index &+= 1
      }
      part &+= 1
    }
  }

  @inline(__always)
  static func q3_k(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block, 108)
    var part = 0
    while part < 16 {
      let scale = d * Float(unsafe q3Scale(block + 96, part) &- 32)
      let half = 16 &* (part % 2)
      let codes = unsafe block + (32 &+ 32 &* (part / 8) &+ half)
      let shift = Int32(truncatingIfNeeded: 2 &* (part / 2 % 4))
      let plane = Int32(truncatingIfNeeded: part / 2)
      let target = unsafe output + 16 &* part
      var index = 0
      while index < 16 {
        let low = unsafe Int32(byte(codes, index)) &>> shift & 3
        let high = unsafe Int32(byte(block, half &+ index)) &>> plane & 1
        unsafe target[index] = scale * Float(low &+ 4 &* high &- 4)
        index &+= 1
      }
      part &+= 1
    }
  }

  /// Scale `part` of Q3_K, six bits, of the twelve bytes that hold sixteen.
  @inline(__always)
  private static func q3Scale(_ scales: UnsafeRawPointer, _ part: Int) -> Int32 {
    let low = unsafe Int32(byte(scales, part % 8)) &>> Int32(truncatingIfNeeded: 4 &* (part / 8)) & 15
    let high = unsafe Int32(byte(scales, 8 &+ part % 4)) &>> Int32(truncatingIfNeeded: 2 &* (part / 4)) & 3
    return low | high &<< 4
  }

  @inline(__always)
  static func q4_k(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let (d, dmin) = unsafe (half(block), half(block, 2))
    var pair = 0
    while pair < 4 {
      let (low, lowMinimum) = unsafe sixBits(block + 4, 2 &* pair, d, dmin)
      let (high, highMinimum) = unsafe sixBits(block + 4, 2 &* pair &+ 1, d, dmin)
      let codes = unsafe block + (16 &+ 32 &* pair)
      let target = unsafe output + 64 &* pair
      var index = 0
      while index < 32 {
        let code = unsafe Int32(byte(codes, index))
        unsafe target[index] = low * Float(code & 15) - lowMinimum
        unsafe target[32 &+ index] = high * Float(code &>> 4) - highMinimum
        index &+= 1
      }
      pair &+= 1
    }
  }

  @inline(__always)
  static func q5_k(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let (d, dmin) = unsafe (half(block), half(block, 2))
    var pair = 0
    while pair < 4 {
      let (low, lowMinimum) = unsafe sixBits(block + 4, 2 &* pair, d, dmin)
      let (high, highMinimum) = unsafe sixBits(block + 4, 2 &* pair &+ 1, d, dmin)
      let codes = unsafe block + (48 &+ 32 &* pair)
      let target = unsafe output + 64 &* pair
      let plane = Int32(truncatingIfNeeded: 2 &* pair)
      var index = 0
      while index < 32 {
        let code = unsafe Int32(byte(codes, index))
        let fifth = unsafe Int32(byte(block, 16 &+ index)) &>> plane
        unsafe target[index] = low * Float(code & 15 | (fifth & 1) &<< 4) - lowMinimum
        unsafe target[32 &+ index] = high * Float(code &>> 4 | (fifth & 2) &<< 3) - highMinimum
        index &+= 1
      }
      pair &+= 1
    }
  }

  /// Scale and minimum of part `part` of Q4_K and Q5_K, of the twelve bytes that hold eight of either in six bits.
  @inline(__always)
  private static func sixBits(
    _ scales: UnsafeRawPointer, _ part: Int, _ d: Float, _ dmin: Float
  ) -> (scale: Float, minimum: Float) {
    guard part >= 4 else {
      return unsafe (d * Float(Int32(byte(scales, part) & 63)), dmin * Float(Int32(byte(scales, part &+ 4) & 63)))
    }
    let halves = unsafe byte(scales, part &+ 4)
    let scale = unsafe halves & 15 | (byte(scales, part &- 4) &>> 6) &<< 4
    let minimum = unsafe halves &>> 4 | (byte(scales, part) &>> 6) &<< 4
    return (d * Float(Int32(scale)), dmin * Float(Int32(minimum)))
  }

  @inline(__always)
  static func q6_k(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block, 208)
    var part = 0
    while part < 16 {
      let scale = d * Float(Int32(Int8(bitPattern: unsafe byte(block, 192 &+ part))))
      // Of eight parts, two for each two bits of `qh`; those of the lower two are low halves of `ql`.
      let (side, quarter) = (16 &* (part % 2), part / 2 % 4)
      let low = unsafe block + (64 &* (part / 8) &+ 32 &* (quarter % 2) &+ side)
      let high = unsafe block + (128 &+ 32 &* (part / 8) &+ side)
      let lowShift = Int32(truncatingIfNeeded: 4 &* (quarter / 2))
      let highShift = Int32(truncatingIfNeeded: 2 &* quarter)
      let target = unsafe output + 16 &* part
      var index = 0
      while index < 16 {
        let code = unsafe Int32(byte(low, index)) &>> lowShift & 15
        let top = unsafe Int32(byte(high, index)) &>> highShift & 3
        unsafe target[index] = scale * Float((code | top &<< 4) &- 32)
        index &+= 1
      }
      part &+= 1
    }
  }
}
