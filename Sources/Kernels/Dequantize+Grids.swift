/// Types whose codes are indices of tables: see `BlockType.describe`, `CodeGrids`.
extension Dequantize {
  @inline(__always)
  static func iq4_xs(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    let high = unsafe Int32(word16(block, 2))
    var group = 0
    while group < 8 {
      let low = unsafe Int32(byte(block, 4 &+ group / 2)) &>> Int32(truncatingIfNeeded: 4 &* (group % 2)) & 15
      let scale = low | (high &>> Int32(truncatingIfNeeded: 2 &* group) & 3) &<< 4
      unsafe looked(block + 8 + 16 &* group, 16, d * Float(scale &- 32), CodeGrids.iq4, output + 32 &* group)
      group &+= 1
    }
  }

  @inline(__always)
  static func iq2_xxs(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    unsafe CodeGrids.iq2_xxs.withUnsafeBufferPointer { grid in
      var group = 0
      while group < 8 {
        let word = unsafe word32(block, 6 &+ 8 &* group)
        let scale = d * (0.5 + Float(word &>> 28)) * 0.25
        var run = 0
        while run < 4 {
          let values = unsafe grid[Int(byte(block, 2 &+ 8 &* group &+ run))]
          let signs = signs(word &>> UInt32(truncatingIfNeeded: 7 &* run))
          unsafe signed(values, signs, 8, scale, output + (32 &* group &+ 8 &* run))
          run &+= 1
        }
        group &+= 1
      }
    }
  }

  @inline(__always)
  static func iq2_xs(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    unsafe CodeGrids.iq2_xs.withUnsafeBufferPointer { grid in
      var run = 0
      while run < 32 {
        let word = unsafe UInt32(word16(block, 2 &+ 2 &* run))
        let scale = unsafe d * (0.5 + Float(nibble(block, 66, run / 2))) * 0.25
        unsafe signed(grid[Int(word & 511)], signs(word &>> 9), 8, scale, output + 8 &* run)
        run &+= 1
      }
    }
  }

  @inline(__always)
  static func iq2_s(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    unsafe CodeGrids.iq2_s.withUnsafeBufferPointer { grid in
      var run = 0
      while run < 32 {
        let high = unsafe Int(byte(block, 66 &+ run / 4)) &>> (2 &* (run % 4)) & 3
        let index = unsafe Int(byte(block, 2 &+ run)) | high &<< 8
        let scale = unsafe d * (0.5 + Float(nibble(block, 74, run / 2))) * 0.25
        unsafe signed(grid[index], UInt32(byte(block, 34 &+ run)), 8, scale, output + 8 &* run)
        run &+= 1
      }
    }
  }

  @inline(__always)
  static func iq3_xxs(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    unsafe CodeGrids.iq3_xxs.withUnsafeBufferPointer { grid in
      var run = 0
      while run < 64 {
        let word = unsafe word32(block, 66 &+ 4 &* (run / 8))
        let scale = d * (0.5 + Float(word &>> 28)) * 0.5
        let signs = signs(word &>> UInt32(truncatingIfNeeded: 7 &* (run / 2 % 4)))
        let values = unsafe UInt64(grid[Int(byte(block, 2 &+ run))])
        unsafe signed(values, signs &>> UInt32(truncatingIfNeeded: 4 &* (run % 2)), 4, scale, output + 4 &* run)
        run &+= 1
      }
    }
  }

  @inline(__always)
  static func iq3_s(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    unsafe CodeGrids.iq3_s.withUnsafeBufferPointer { grid in
      var run = 0
      while run < 64 {
        let high = unsafe Int(byte(block, 66 &+ run / 8)) &>> (run % 8) & 1
        let values = unsafe UInt64(grid[Int(byte(block, 2 &+ run)) | high &<< 8])
        let scale = unsafe d * Float(1 &+ 2 &* nibble(block, 106, run / 8))
        let signs = unsafe UInt32(byte(block, 74 &+ run / 2)) &>> UInt32(truncatingIfNeeded: 4 &* (run % 2))
        unsafe signed(values, signs, 4, scale, output + 4 &* run)
        run &+= 1
      }
    }
  }

  @inline(__always)
  static func iq1_s(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    let d = unsafe half(block)
    unsafe CodeGrids.iq1.withUnsafeBufferPointer { grid in
      var run = 0
      while run < 32 {
        let word = unsafe Int32(word16(block, 34 &+ 2 &* (run / 4)))
        let high = Int(word &>> Int32(truncatingIfNeeded: 3 &* (run % 4)) & 7)
        let scale = d * Float(2 &* (word &>> 12 & 7) &+ 1)
        let values = unsafe grid[Int(byte(block, 2 &+ run)) | high &<< 8]
        unsafe shifted(values, word &>> 15 == 1, scale, output + 8 &* run)
        run &+= 1
      }
    }
  }

  @inline(__always)
  static func iq1_m(_ block: UnsafeRawPointer, _ output: UnsafeMutablePointer<Float>) {
    var bits: UInt16 = 0
    var word = 0
    while word < 4 {
      bits |= unsafe (word16(block, 48 &+ 2 &* word) &>> 12) &<< UInt16(truncatingIfNeeded: 4 &* word)
      word &+= 1
    }
    let d = half(bits)
    unsafe CodeGrids.iq1.withUnsafeBufferPointer { grid in
      var run = 0
      while run < 32 {
        let scales = unsafe Int32(word16(block, 48 &+ 2 &* (run / 8)))
        let scale = d * Float(2 &* (scales &>> Int32(truncatingIfNeeded: 3 &* (run / 2 % 4)) & 7) &+ 1)
        let high = unsafe Int(nibble(block, 32, run))
        let values = unsafe grid[Int(byte(block, run)) | (high & 7) &<< 8]
        unsafe shifted(values, high & 8 != 0, scale, output + 8 &* run)
        run &+= 1
      }
    }
  }

  /// Half `index` of the bytes from `offset` on.
  @inline(__always)
  private static func nibble(_ block: UnsafeRawPointer, _ offset: Int, _ index: Int) -> Int32 {
    unsafe Int32(byte(block, offset &+ index / 2)) &>> Int32(truncatingIfNeeded: 4 &* (index % 2)) & 15
  }

  /// The lowest seven bits, and their parity as the eighth: signs come in even numbers.
  @inline(__always)
  private static func signs(_ bits: UInt32) -> UInt32 {
    let seven = bits & 127
    return seven | UInt32(truncatingIfNeeded: seven.nonzeroBitCount & 1) &<< 7
  }

  /// The bytes of `values`, negative where a bit of `signs` is set, times `scale`. (The number is negated, never the
  /// product, which may be NaN.)
  @inline(__always)
  private static func signed(
    _ values: UInt64, _ signs: UInt32, _ count: Int, _ scale: Float, _ output: UnsafeMutablePointer<Float>
  ) {
    var index = 0
    while index < count {
      let value = Int32(truncatingIfNeeded: values &>> UInt64(truncatingIfNeeded: 8 &* index) & 255)
      let sign = Int32(bitPattern: 0 &- (signs &>> UInt32(truncatingIfNeeded: index) & 1))
      unsafe output[index] = scale * Float((value ^ sign) &- sign)
      index &+= 1
    }
  }

  /// The bytes of `values`, signed, each moved by an eighth, times `scale`.
  @inline(__always)
  private static func shifted(
    _ values: UInt64, _ isDown: Bool, _ scale: Float, _ output: UnsafeMutablePointer<Float>
  ) {
    let delta: Float = isDown ? -0.125 : 0.125
    var index = 0
    while index < 8 {
      let value = Int8(truncatingIfNeeded: values &>> UInt64(truncatingIfNeeded: 8 &* index))
      unsafe output[index] = scale * (Float(value) + delta)
      index &+= 1
    }
  }
}
