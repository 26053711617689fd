/// The codes of each type that are not whole symbols in the file, there and back: see `BlockType.describe`.
extension BlockSymbols {

  @inline(__always)
  private static func byte(_ bytes: UnsafeRawPointer, _ offset: Int) -> UInt8 {
    unsafe bytes.load(fromByteOffset: offset, as: UInt8.self)
  }

  /// Fifth bits, then halves: each code is a symbol.
  @inline(__always)
  static func splitFive(_ block: UnsafeRawPointer, _ symbols: UnsafeMutablePointer<UInt8>) {
    let high = unsafe block.loadUnaligned(as: UInt32.self)
    var index = 0
    while index < 16 {
      let codes = unsafe byte(block, 4 &+ index)
      let bits = high &>> UInt32(truncatingIfNeeded: index)
      unsafe symbols[index] = codes & 15 | UInt8(truncatingIfNeeded: bits & 1) &<< 4
      unsafe symbols[16 &+ index] = codes &>> 4 | UInt8(truncatingIfNeeded: bits &>> 16 & 1) &<< 4
      index &+= 1
    }
  }

  @inline(__always)
  static func joinFive(_ symbols: UnsafePointer<UInt8>, _ block: UnsafeMutablePointer<UInt8>) {
    var high: UInt32 = 0
    var index = 0
    while index < 16 {
      let (low, upper) = unsafe (symbols[index], symbols[16 &+ index])
      unsafe block[4 &+ index] = low & 15 | upper &<< 4
      let bits = UInt32(low &>> 4 & 1) | UInt32(upper &>> 4 & 1) &<< 16
      high |= bits &<< UInt32(truncatingIfNeeded: index)
      index &+= 1
    }
    unsafe UnsafeMutableRawPointer(block).storeBytes(of: high, as: UInt32.self)
  }

  /// Q2_K: symbol s of a part holds its codes 4 s to 4 s + 3, the first lowest.
  @inline(__always)
  static func splitTwo(_ codes: UnsafeRawPointer, _ symbols: UnsafeMutablePointer<UInt8>) {
    var part = 0
    while part < 16 {
      let source = unsafe codes + (32 &* (part / 8) &+ 16 &* (part % 2))
      let shift = UInt8(truncatingIfNeeded: 2 &* (part / 2 % 4))
      var symbol = 0
      while symbol < 4 {
        let (a, b) = unsafe (byte(source, 4 &* symbol) &>> shift & 3, byte(source, 4 &* symbol &+ 1) &>> shift & 3)
        let (c, d) = unsafe (byte(source, 4 &* symbol &+ 2) &>> shift & 3, byte(source, 4 &* symbol &+ 3) &>> shift & 3)
        unsafe symbols[4 &* part &+ symbol] = a | b &<< 2 | c &<< 4 | d &<< 6
        symbol &+= 1
      }
      part &+= 1
    }
  }

  @inline(__always)
  static func joinTwo(_ symbols: UnsafePointer<UInt8>, _ codes: UnsafeMutablePointer<UInt8>) {
    var place = 0
    while place < 64 {
      // Byte `place` holds element `place % 32` of four runs of 32: parts of every second number.
      let first = 8 &* (place / 32) &+ place % 32 / 16
      let (symbol, shift) = (place % 16 / 4, UInt8(truncatingIfNeeded: 2 &* (place % 4)))
      var value: UInt8 = 0
      var run = 0
      while run < 4 {
        let code = unsafe symbols[4 &* (first &+ 2 &* run) &+ symbol] &>> shift & 3
        value |= code &<< UInt8(truncatingIfNeeded: 2 &* run)
        run &+= 1
      }
      unsafe codes[place] = value
      place &+= 1
    }
  }

  /// Q3_K: symbol s of a part holds its codes s and s + 8, three bits each, the third of `hmask`.
  @inline(__always)
  static func splitThree(_ block: UnsafeRawPointer, _ symbols: UnsafeMutablePointer<UInt8>) {
    func code(_ part: Int, _ index: Int) -> UInt8 {
      let place = 16 &* (part % 2) &+ index
      let low =
        unsafe byte(block, 32 &+ 32 &* (part / 8) &+ place) &>> UInt8(truncatingIfNeeded: 2 &* (part / 2 % 4)) & 3
      return unsafe low | (byte(block, place) &>> UInt8(truncatingIfNeeded: part / 2) & 1) &<< 2
    }
    var symbol = 0
    while symbol < 128 {
      let (part, index) = (symbol / 8, symbol % 8)
      unsafe symbols[symbol] = code(part, index) | code(part, index &+ 8) &<< 3
      symbol &+= 1
    }
  }

  @inline(__always)
  static func joinThree(_ symbols: UnsafePointer<UInt8>, _ block: UnsafeMutablePointer<UInt8>) {
    func code(_ part: Int, _ index: Int) -> UInt8 {
      unsafe symbols[8 &* part &+ index % 8] &>> UInt8(truncatingIfNeeded: 3 &* (index / 8)) & 7
    }
    var place = 0
    while place < 32 {
      let (side, index) = (place / 16, place % 16)
      var high: UInt8 = 0
      var low: (UInt8, UInt8) = (0, 0)
      var run = 0
      while run < 4 {
        let shift = UInt8(truncatingIfNeeded: run)
        let (a, b) = (code(2 &* run &+ side, index), code(8 &+ 2 &* run &+ side, index))
        low.0 |= (a & 3) &<< (2 &* shift)
        low.1 |= (b & 3) &<< (2 &* shift)
        high |= (a &>> 2) &<< shift | (b &>> 2) &<< (4 &+ shift)
        run &+= 1
      }
      unsafe block[place] = high
      unsafe block[32 &+ place] = low.0
      unsafe block[64 &+ place] = low.1
      place &+= 1
    }
  }

  /// Q4_K: symbol s of a part holds its codes s and s + 16.
  @inline(__always)
  static func splitFour(_ codes: UnsafeRawPointer, _ symbols: UnsafeMutablePointer<UInt8>) {
    var pair = 0
    while pair < 4 {
      var index = 0
      while index < 16 {
        let (a, b) = unsafe (byte(codes, 32 &* pair &+ index), byte(codes, 32 &* pair &+ 16 &+ index))
        unsafe symbols[32 &* pair &+ index] = a & 15 | b &<< 4
        unsafe symbols[32 &* pair &+ 16 &+ index] = a &>> 4 | b & 0xF0
        index &+= 1
      }
      pair &+= 1
    }
  }

  @inline(__always)
  static func joinFour(_ symbols: UnsafePointer<UInt8>, _ codes: UnsafeMutablePointer<UInt8>) {
    var pair = 0
    while pair < 4 {
      var index = 0
      while index < 16 {
        let (low, high) = unsafe (symbols[32 &* pair &+ index], symbols[32 &* pair &+ 16 &+ index])
        unsafe codes[32 &* pair &+ index] = low & 15 | high &<< 4
        unsafe codes[32 &* pair &+ 16 &+ index] = low &>> 4 | high & 0xF0
        index &+= 1
      }
      pair &+= 1
    }
  }

  /// Q5_K: each code is a symbol.
  @inline(__always)
  static func splitFiveK(_ block: UnsafeRawPointer, _ symbols: UnsafeMutablePointer<UInt8>) {
    var pair = 0
    while pair < 4 {
      let plane = UInt8(truncatingIfNeeded: 2 &* pair)
      var index = 0
      while index < 32 {
        let codes = unsafe byte(block, 32 &+ 32 &* pair &+ index)
        let high = unsafe byte(block, index) &>> plane
        unsafe symbols[64 &* pair &+ index] = codes & 15 | (high & 1) &<< 4
        unsafe symbols[64 &* pair &+ 32 &+ index] = codes &>> 4 | (high & 2) &<< 3
        index &+= 1
      }
      pair &+= 1
    }
  }

  @inline(__always)
  static func joinFiveK(_ symbols: UnsafePointer<UInt8>, _ block: UnsafeMutablePointer<UInt8>) {
    var index = 0
    while index < 32 {
      var high: UInt8 = 0
      var pair = 0
      while pair < 4 {
        let (low, upper) = unsafe (symbols[64 &* pair &+ index], symbols[64 &* pair &+ 32 &+ index])
        unsafe block[32 &+ 32 &* pair &+ index] = low & 15 | upper &<< 4
        high |= (low &>> 4 & 1 | (upper &>> 4 & 1) &<< 1) &<< UInt8(truncatingIfNeeded: 2 &* pair)
        pair &+= 1
      }
      unsafe block[index] = high
      index &+= 1
    }
  }

  /// Q6_K: each code is a symbol.
  @inline(__always)
  static func splitSix(_ block: UnsafeRawPointer, _ symbols: UnsafeMutablePointer<UInt8>) {
    var half = 0
    while half < 2 {
      let target = unsafe symbols + 128 &* half
      var index = 0
      while index < 32 {
        let (a, b) = unsafe (byte(block, 64 &* half &+ index), byte(block, 64 &* half &+ 32 &+ index))
        let high = unsafe byte(block, 128 &+ 32 &* half &+ index)
        unsafe target[index] = a & 15 | (high & 3) &<< 4
        unsafe target[32 &+ index] = b & 15 | (high & 12) &<< 2
        unsafe target[64 &+ index] = a &>> 4 | high & 48
        unsafe target[96 &+ index] = b &>> 4 | high &>> 2 & 48
        index &+= 1
      }
      half &+= 1
    }
  }

  @inline(__always)
  static func joinSix(_ symbols: UnsafePointer<UInt8>, _ block: UnsafeMutablePointer<UInt8>) {
    var half = 0
    while half < 2 {
      let source = unsafe symbols + 128 &* half
      var index = 0
      while index < 32 {
        let (a, b) = unsafe (source[index], source[32 &+ index])
        let (c, d) = unsafe (source[64 &+ index], source[96 &+ index])
        unsafe block[64 &* half &+ index] = a & 15 | c &<< 4
        unsafe block[64 &* half &+ 32 &+ index] = b & 15 | d &<< 4
        unsafe block[128 &+ 32 &* half &+ index] = a &>> 4 & 3 | b &>> 2 & 12 | c & 48 | (d & 48) &<< 2
        index &+= 1
      }
      half &+= 1
    }
  }
}
