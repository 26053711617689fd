/// Types of one scale for 16 to 256 elements: see `BlockType.describe`.
extension Dequantize {
  @inline(__always)
  static func q1_0(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let bits = unsafe word16(block, 0)
    // Not multiplied: a NaN turns its sign too.
    let minus = half(bits ^ 0x8000)
    let plus = half(bits)
    var index = 0
    while index < 128 {
      let bit = unsafe byte(block, 2 &+ index / 8) &>> UInt8(truncatingIfNeeded: index % 8) & 1
      unsafe output[index] = bit == 1 ? plus : minus
      index &+= 1
    }
  }

  @inline(__always)
  static func q2_0(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    var index = 0
    while index < 64 {
      let code = unsafe byte(block, 2 &+ index / 4) &>> UInt8(truncatingIfNeeded: 2 &* (index % 4)) & 3
      unsafe output[index] = Float(Int32(code) &- 1) * d
      index &+= 1
    }
  }

  @inline(__always)
  static func q4_0(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    var index = 0
    while index < 16 {
      let codes = unsafe Int32(byte(block, 2 &+ index))
      unsafe output[index] = d * Float((codes & 15) &- 8)
      unsafe output[16 &+ index] = d * Float((codes &>> 4) &- 8)
      index &+= 1
    }
  }

  @inline(__always)
  static func q4_1(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    let m = unsafe subtrahend(block, 2)
    var index = 0
    while index < 16 {
      let codes = unsafe Int32(byte(block, 4 &+ index))
      unsafe output[index] = d * Float(codes & 15) - m
      unsafe output[16 &+ index] = d * Float(codes &>> 4) - m
      index &+= 1
    }
  }

  @inline(__always)
  static func q5_0(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    let high = unsafe word32(block, 2)
    var index = 0
    while index < 16 {
      let codes = unsafe Int32(byte(block, 6 &+ index))
      unsafe output[index] = d * Float((codes & 15 | fifthBit(high, index)) &- 16)
      unsafe output[16 &+ index] = d * Float((codes &>> 4 | fifthBit(high, 16 &+ index)) &- 16)
      index &+= 1
    }
  }

  @inline(__always)
  static func q5_1(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    let m = unsafe subtrahend(block, 2)
    let high = unsafe word32(block, 4)
    var index = 0
    while index < 16 {
      let codes = unsafe Int32(byte(block, 8 &+ index))
      unsafe output[index] = d * Float(codes & 15 | fifthBit(high, index)) - m
      unsafe output[16 &+ index] = d * Float(codes &>> 4 | fifthBit(high, 16 &+ index)) - m
      index &+= 1
    }
  }

  /// Bytes that are signed numbers, times `d`.
  @inline(__always)
  static func bytes(_ codes: UnsafeRawPointer, _ count: Int, _ d: Float, _ output: UnsafeMutablePointer<Float>) {
    var index = 0
    while index < count {
      unsafe output[index] = Float(Int32(codes.load(fromByteOffset: index, as: Int8.self))) * d
      index &+= 1
    }
  }

  /// Halves of `count` bytes, the low ones first, as what `values` has for them times `d`.
  @inline(__always)
  static func looked(
    _ codes: UnsafeRawPointer, _ count: Int, _ d: Float, _ values: SIMD16<Float>, _ output: UnsafeMutablePointer<Float>
  ) {
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 16) { products in
      var code = 0
      while code < 16 {
        unsafe products[code] = d * values[code]
        code &+= 1
      }
      var index = 0
      while index < count {
        let pair = unsafe Int(byte(codes, index))
        unsafe output[index] = products[pair & 15]
        unsafe output[count &+ index] = products[pair &>> 4]
        index &+= 1
      }
    }
  }

  @inline(__always)
  static func nvfp4(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    var part = 0
    while part < 4 {
      let scale = unsafe CodeGrids.halfE4M3[Int(byte(block, part))]
      unsafe looked(block + 4 + 8 &* part, 8, scale, CodeGrids.fp4, output + 16 &* part)
      part &+= 1
    }
  }

  /// What is subtracted instead of adding the f16 at `offset`: of two NaNs a subtraction keeps the first, where an
  /// addition may be compiled either way round.
  @inline(__always)
  private static func subtrahend(_ block: UnsafeRawPointer, _ offset: Int) -> Float {
    let bits = unsafe word16(block, offset)
    return half(bits & 0x7FFF > 0x7C00 ? bits : bits ^ 0x8000)
  }

  /// Bit `index`, as the fifth of a code.
  @inline(__always)
  private static func fifthBit(_ high: UInt32, _ index: Int) -> Int32 {
    Int32(bitPattern: (high &>> UInt32(truncatingIfNeeded: index) & 1) &<< 4)
  }
}
