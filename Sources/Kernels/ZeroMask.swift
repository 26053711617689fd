/// The kernels of the mask stages: count zeros, set them apart, put them back.
///
/// A zero is an element all of whose bits but those in `sign` are clear; `sign` is 0 for types without −0. Elements are
/// words of 1, 2, 4 or 8 bytes, aligned. None of these functions allocates or fails.
public enum ZeroMask {
  /// Zeros of either sign, and how many of them have the sign bit set.
  public static func count(
    _ source: UnsafeRawPointer, elements: Int, width: Int, hasSign: Bool, on set: InstructionSet = .best
  ) -> (zeros: Int, negative: Int) {
    if let kernel = unsafe set.kernels?.count_zeros {
      var positive = 0
      let zeros = unsafe kernel(source, elements, Int32(width), magnitudeMask(width: width, hasSign), &positive)
      return (zeros, zeros - positive)
    }
    return withWord(
      width: width,
      { unsafe count(source.words(UInt8.self), elements, hasSign) },
      { unsafe count(source.words(UInt16.self), elements, hasSign) },
      { unsafe count(source.words(UInt32.self), elements, hasSign) },
      { unsafe count(source.words(UInt64.self), elements, hasSign) })
  }

  /// Splits elements into a bitmap of the non-zero ones and their packed words; returns how many there are.
  /// `bitmap` holds ⌈elements / 8⌉ bytes; `packed` has room for `elements` + 1 words.
  public static func split(
    _ source: UnsafeRawPointer, elements: Int, width: Int, hasSign: Bool,
    bitmap: UnsafeMutablePointer<UInt8>, packed: UnsafeMutableRawPointer, on set: InstructionSet = .best
  ) -> Int {
    if let kernel = unsafe set.kernels?.split {
      return unsafe kernel(source, elements, Int32(width), magnitudeMask(width: width, hasSign), bitmap, packed)
    }
    return withWord(
      width: width,
      { unsafe split(source.words(UInt8.self), elements, hasSign, bitmap, packed.words(UInt8.self)) },
      { unsafe split(source.words(UInt16.self), elements, hasSign, bitmap, packed.words(UInt16.self)) },
      { unsafe split(source.words(UInt32.self), elements, hasSign, bitmap, packed.words(UInt32.self)) },
      { unsafe split(source.words(UInt64.self), elements, hasSign, bitmap, packed.words(UInt64.self)) })
  }

  /// The inverse of `split`: zeros are +0. `packed` is readable for one word past the last one.
  /// - Precondition: the bitmap has as many ones as there are packed words.
  public static func join(
    bitmap: UnsafePointer<UInt8>, packed: UnsafeRawPointer, elements: Int, width: Int,
    into target: UnsafeMutableRawPointer, on set: InstructionSet = .best
  ) {
    if let kernel = unsafe set.kernels?.join { return unsafe kernel(bitmap, packed, elements, Int32(width), target) }
    withWord(
      width: width,
      { unsafe join(bitmap, packed.words(UInt8.self), elements, target.words(UInt8.self)) },
      { unsafe join(bitmap, packed.words(UInt16.self), elements, target.words(UInt16.self)) },
      { unsafe join(bitmap, packed.words(UInt32.self), elements, target.words(UInt32.self)) },
      { unsafe join(bitmap, packed.words(UInt64.self), elements, target.words(UInt64.self)) })
  }

  /// The number of ones in the first `elements` bits; nil where a bit past them is set.
  public static func ones(_ bitmap: UnsafePointer<UInt8>, elements: Int) -> Int? {
    let bytes = (elements + 7) / 8
    if elements % 8 != 0, unsafe bitmap[bytes - 1] &>> UInt8(elements % 8) != 0 { return nil }
    var ones = 0
    var index = 0
    while index + 8 <= bytes {
      ones += unsafe UnsafeRawPointer(bitmap + index).loadUnaligned(as: UInt64.self).nonzeroBitCount
      index += 8
    }
    while index < bytes {
      ones += unsafe bitmap[index].nonzeroBitCount
      index += 1
    }
    return ones
  }

  /// Writes the sign bits of the zeros, in order, one bit each; returns how many bytes that is.
  /// `signs` holds ⌈elements / 8⌉ + 1 bytes.
  public static func splitSigns(
    _ source: UnsafeRawPointer, elements: Int, width: Int, bitmap: UnsafePointer<UInt8>,
    into signs: UnsafeMutablePointer<UInt8>, on set: InstructionSet = .best
  ) -> Int {
    if let kernel = unsafe set.kernels?.split_signs {
      return unsafe kernel(source, elements, Int32(width), bitmap, signs)
    }
    let top = unsafe source + (width - 1)
    var count = 0
    var pending: UInt8 = 0
    for index in 0..<elements where unsafe bitmap[index &>> 3] &>> UInt8(index & 7) & 1 == 0 {
      pending |= unsafe (top.load(fromByteOffset: index * width, as: UInt8.self) &>> 7) &<< UInt8(count & 7)
      count += 1
      if count & 7 == 0 {
        unsafe signs[count / 8 - 1] = pending
        pending = 0
      }
    }
    if count & 7 != 0 { unsafe signs[count / 8] = pending }
    return (count + 7) / 8
  }

  /// Sets the sign bits of the zeros as `splitSigns` wrote them.
  /// - Precondition: there are as many signs as zeros, in as few bytes as hold them.
  public static func joinSigns(
    _ signs: UnsafeRawBufferPointer, bitmap: UnsafePointer<UInt8>, elements: Int, width: Int,
    into target: UnsafeMutableRawPointer, on set: InstructionSet = .best
  ) {
    guard let start = unsafe signs.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    if let kernel = unsafe set.kernels?.join_signs {
      return unsafe kernel(start, signs.count, bitmap, elements, Int32(width), target)
    }
    let top = unsafe target + (width - 1)
    var count = 0
    for index in 0..<elements where unsafe bitmap[index &>> 3] &>> UInt8(index & 7) & 1 == 0 {
      let sign = unsafe (start[count &>> 3] &>> UInt8(count & 7)) &<< 7
      unsafe top.storeBytes(
        of: top.load(fromByteOffset: index * width, as: UInt8.self) | sign, toByteOffset: index * width, as: UInt8.self)
      count += 1
    }
  }

  @inline(__always)
  private static func count<W: Word>(_ source: UnsafePointer<W>, _ elements: Int, _ hasSign: Bool) -> (Int, Int) {
    let magnitude = magnitudeMask(W.self, hasSign)
    // Counters of the element's own width keep the loop in vectors; a block is short enough that none overflows.
    let block = W.bitWidth == 8 ? 240 : 4096
    var zeros = 0
    var positive = 0
    var start = 0
    while start < elements {
      let length = min(block, elements &- start)
      let from = unsafe source + start
      var blockZeros: W = 0
      var blockPositive: W = 0
      var index = 0
      while index < length {
        let word = unsafe from[index]
        blockZeros &+= word & magnitude == 0 ? 1 : 0
        blockPositive &+= word == 0 ? 1 : 0
        index &+= 1
      }
      zeros &+= Int(truncatingIfNeeded: blockZeros)
      positive &+= Int(truncatingIfNeeded: blockPositive)
      start &+= length
    }
    return (zeros, zeros - positive)
  }

  @inline(__always)
  private static func split<W: Word>(
    _ source: UnsafePointer<W>, _ elements: Int, _ hasSign: Bool,
    _ bitmap: UnsafeMutablePointer<UInt8>, _ packed: UnsafeMutablePointer<W>
  ) -> Int {
    let magnitude = magnitudeMask(W.self, hasSign)
    let tile = 4096
    var count = 0
    unsafe withUnsafeTemporaryAllocation(byteCount: tile, alignment: 16) { scratch in
      let flags = unsafe scratch.baseAddress!.assumingMemoryBound(to: UInt8.self)
      var start = 0
      while start < elements {
        let length = min(tile, elements &- start)
        let from = unsafe source + start
        // A byte for each element, in vectors; the last bytes of the tile, which have no element, say zero.
        unsafe flag(from, length, magnitude, into: flags)
        unsafe (flags + length).update(repeating: 0, count: (64 &- length & 63) & 63)
        var index = 0
        while index < length {
          let bits = unsafe gather(flags + index)
          unsafe write(bits, into: bitmap + (start &+ index) / 8, elements: length &- index)
          count &+= unsafe pick(bits, from + index, min(64, length &- index), into: packed + count)
          index &+= 64
        }
        start &+= length
      }
    }
    return count
  }

  /// A byte for each element: 1 where it is stored.
  @inline(never)
  private static func flag<W: Word>(
    _ source: UnsafePointer<W>, _ count: Int, _ magnitude: W, into flags: UnsafeMutablePointer<UInt8>
  ) {
    var index = 0
    while index < count {
      unsafe flags[index] = source[index] & magnitude == 0 ? 0 : 1
      index &+= 1
    }
  }

  /// Sixty-four flags as bits.
  @inline(__always)
  private static func gather(_ flags: UnsafePointer<UInt8>) -> UInt64 {
    var bits: UInt64 = 0
    var byte = 0
    while byte < 8 {
      let eight = unsafe UnsafeRawPointer(flags).loadUnaligned(fromByteOffset: 8 &* byte, as: UInt64.self)
      bits |= ByteFlags.bits(of: UInt64(littleEndian: eight)) &<< UInt64(truncatingIfNeeded: 8 &* byte)
      byte &+= 1
    }
    return bits
  }

  /// The bytes of `bits` that hold the next `elements` elements.
  @inline(__always)
  private static func write(_ bits: UInt64, into bitmap: UnsafeMutablePointer<UInt8>, elements: Int) {
    if elements >= 64 {
      unsafe UnsafeMutableRawPointer(bitmap).storeBytes(of: bits.littleEndian, as: UInt64.self)
    } else {
      for byte in 0..<((elements + 7) / 8) {
        unsafe bitmap[byte] = UInt8(truncatingIfNeeded: bits &>> UInt64(8 * byte))
      }
    }
  }

  /// Writes those of at most 64 words whose bits are set one after the other; returns how many.
  @inline(__always)
  private static func pick<W: Word>(
    _ bits: UInt64, _ source: UnsafePointer<W>, _ count: Int, into packed: UnsafeMutablePointer<W>
  ) -> Int {
    let stored = bits.nonzeroBitCount
    if stored <= 40 {
      var rest = bits
      var out = unsafe packed
      while rest != 0 {
        unsafe out.pointee = source[rest.trailingZeroBitCount]
        unsafe out += 1
        rest &= rest &- 1
      }
    } else if bits == ~0 {
      unsafe packed.update(from: source, count: 64)
    } else {
      // Most: every word is written, and overwritten by the next if it is not stored.
      var rest = bits
      var out = unsafe packed
      var index = 0
      while index < count {
        unsafe out.pointee = source[index]
        unsafe out += Int(truncatingIfNeeded: rest & 1)
        rest &>>= 1
        index &+= 1
      }
    }
    return stored
  }

  @inline(__always)
  private static func join<W: Word>(
    _ bitmap: UnsafePointer<UInt8>, _ packed: UnsafePointer<W>, _ elements: Int, _ target: UnsafeMutablePointer<W>
  ) {
    var next = unsafe packed
    let whole = elements / 64
    var group = 0
    while group < whole {
      var bits = unsafe UInt64(littleEndian: UnsafeRawPointer(bitmap + group &* 8).loadUnaligned(as: UInt64.self))
      let out = unsafe target + group &* 64
      if bits == ~0 {
        unsafe out.update(from: next, count: 64)
        unsafe next += 64
      } else if bits.nonzeroBitCount <= 40 {
        // Few: zeros first, then each word to its place.
        unsafe out.update(repeating: 0, count: 64)
        while bits != 0 {
          unsafe out[bits.trailingZeroBitCount] = unsafe next.pointee
          unsafe next += 1
          bits &= bits &- 1
        }
      } else {
        unsafe spread(bits, &next, out, 64)
      }
      group &+= 1
    }
    let rest = elements &- whole &* 64
    guard rest > 0 else { return }
    var bits: UInt64 = 0
    for byte in 0..<((rest + 7) / 8) { bits |= unsafe UInt64(bitmap[whole * 8 + byte]) &<< UInt64(8 * byte) }
    unsafe spread(bits, &next, target + whole * 64, rest)
  }

  /// One word or zero per bit, without a branch.
  @inline(__always)
  private static func spread<W: Word>(
    _ bits: UInt64, _ next: inout UnsafePointer<W>, _ out: UnsafeMutablePointer<W>, _ count: Int
  ) {
    var bits = bits
    var from = unsafe next
    var index = 0
    while index < count {
      let stored = bits & 1
      unsafe out[index] = unsafe from.pointee & (0 &- W(truncatingIfNeeded: stored))
      unsafe from += Int(truncatingIfNeeded: stored)
      bits &>>= 1
      index &+= 1
    }
    unsafe next = unsafe from
  }

  private static func magnitudeMask(width: Int, _ hasSign: Bool) -> UInt64 {
    let bits = UInt64(8 * width)
    return ~0 >> (64 - bits + (hasSign ? 1 : 0))
  }

  @inline(__always)
  private static func magnitudeMask<W: Word>(_ type: W.Type, _ hasSign: Bool) -> W {
    hasSign ? ~(1 &<< W(W.bitWidth - 1)) : ~0
  }
}
