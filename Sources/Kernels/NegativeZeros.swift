public import TensorModel

/// −0 made +0, and nothing else changed.
public enum NegativeZeros {
  /// Whether elements of the type, or their parts, can be −0.
  public static func exist(in dtype: DType) -> Bool {
    switch dtype.values {
    case .float(let layout), .complex(let layout): layout.hasNegativeZero
    case .boolean, .unsigned, .signed, .blocks, .opaque: false
    }
  }

  /// Copies `source` to `target` with +0 in the place of each −0; O(n).
  /// - Precondition: `dtype` has −0, and `source` is whole blocks of it, at any address; `target` has as much room.
  /// - Returns: how many there were; either part of a complex element counts as one.
  @unsafe public static func clear(_ source: RawSpan, _ dtype: DType, into target: UnsafeMutableRawPointer) -> Int {
    precondition(exist(in: dtype) && source.byteCount % dtype.blockBytes == 0)
    return unsafe source.withUnsafeBytes { source in
      guard let start = source.baseAddress else { return 0 }
      if dtype.blockElements > 1 {
        return unsafe clearFields(start, blocks: source.count / dtype.blockBytes, dtype, into: target)
      }
      var width = dtype.blockBytes
      if case .complex = dtype.values { width /= 2 }
      let count = source.count / width
      return withWord(
        width: width,
        { unsafe clear(start, count, UInt8.self, into: target) },
        { unsafe clear(start, count, UInt16.self, into: target) },
        { unsafe clear(start, count, UInt32.self, into: target) },
        { unsafe clear(start, count, UInt64.self, into: target) })
    }
  }

  @inline(__always)
  @unsafe private static func clear<W: Word>(
    _ source: UnsafeRawPointer, _ count: Int, _ type: W.Type, into target: UnsafeMutableRawPointer
  ) -> Int {
    let negativeZero = W(1) << W(W.bitWidth - 1)
    var cleared = 0
    var index = 0
    while index < count {
      let offset = index &* MemoryLayout<W>.size
      let word = unsafe source.loadUnaligned(fromByteOffset: offset, as: W.self)
      let isNegativeZero = W(littleEndian: word) == negativeZero
      unsafe target.storeBytes(of: isNegativeZero ? 0 : word, toByteOffset: offset, as: W.self)
      cleared &+= isNegativeZero ? 1 : 0
      index &+= 1
    }
    return cleared
  }

  /// The same for elements of which several fill one to four bytes together.
  @unsafe private static func clearFields(
    _ source: UnsafeRawPointer, blocks: Int, _ dtype: DType, into target: UnsafeMutableRawPointer
  ) -> Int {
    let bits = UInt32(dtype.elementBits)
    let mask = UInt32(1) << bits - 1
    let sign = UInt32(1) << (bits - 1)
    var cleared = 0
    var offset = 0
    for _ in 0..<blocks {
      var block: UInt32 = 0
      for place in 0..<dtype.blockBytes {
        block |= unsafe UInt32(source.load(fromByteOffset: offset &+ place, as: UInt8.self)) &<< UInt32(8 &* place)
      }
      var shift: UInt32 = 0
      while shift < UInt32(8 &* dtype.blockBytes) {
        if block &>> shift & mask == sign {
          block &= ~(sign &<< shift)
          cleared &+= 1
        }
        shift &+= bits
      }
      for place in 0..<dtype.blockBytes {
        let byte = UInt8(truncatingIfNeeded: block &>> UInt32(8 &* place))
        unsafe target.storeBytes(of: byte, toByteOffset: offset &+ place, as: UInt8.self)
      }
      offset &+= dtype.blockBytes
    }
    return cleared
  }
}
