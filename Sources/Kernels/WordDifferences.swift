/// Differences of elements from those of a base (`formats/encodings/delta.md`). None of these functions allocates or fails.
public enum WordDifferences {
  /// How words are put in order before one is taken from the other.
  public enum Order: UInt8, Sendable {
    /// As integers.
    case plain = 0
    /// As sign and magnitude, which floats are.
    case signed = 1
  }

  /// Writes the differences of the kept elements, one after the other, as unsigned words: 0, −1, 1, −2 … as 0, 1, 2, 3 ….
  /// - Parameters:
  ///   - bitmap: the kept elements; nil where all are.
  ///   - differences: room for `count` + 1 words.
  /// - Returns: how many were written.
  public static func encode(
    _ source: UnsafeRawPointer, from base: UnsafeRawPointer, count: Int, width: Int, order: Order,
    bitmap: UnsafePointer<UInt8>?, into differences: UnsafeMutableRawPointer
  ) -> Int {
    withWord(
      width: width,
      { unsafe encode(source.words(UInt8.self), base, count, order, bitmap, differences) },
      { unsafe encode(source.words(UInt16.self), base, count, order, bitmap, differences) },
      { unsafe encode(source.words(UInt32.self), base, count, order, bitmap, differences) },
      { unsafe encode(source.words(UInt64.self), base, count, order, bitmap, differences) })
  }

  /// Adds a difference to each element of the base, in place of the difference.
  public static func decode(
    _ words: UnsafeMutableRawPointer, from base: UnsafeRawPointer, count: Int, width: Int, order: Order
  ) {
    withWord(
      width: width,
      { unsafe decode(words.words(UInt8.self), base, count, order) },
      { unsafe decode(words.words(UInt16.self), base, count, order) },
      { unsafe decode(words.words(UInt32.self), base, count, order) },
      { unsafe decode(words.words(UInt64.self), base, count, order) })
  }

  @inline(__always)
  private static func encode<W: Word>(
    _ source: UnsafePointer<W>, _ base: UnsafeRawPointer, _ count: Int, _ order: Order,
    _ bitmap: UnsafePointer<UInt8>?, _ differences: UnsafeMutableRawPointer
  ) -> Int {
    let base = unsafe base.words(W.self)
    let out = unsafe differences.words(W.self)
    let flip: W = order == .signed ? W.max &>> 1 : 0
    guard let bitmap = unsafe bitmap else {
      var index = 0
      while index < count {
        unsafe out[index] = folded(ordered(source[index], flip) &- ordered(base[index], flip))
        index &+= 1
      }
      return count
    }
    var kept = 0
    var index = 0
    while index < count {
      unsafe out[kept] = folded(ordered(source[index], flip) &- ordered(base[index], flip))
      kept &+= unsafe Int(truncatingIfNeeded: bitmap.bit(index))
      index &+= 1
    }
    return kept
  }

  @inline(__always)
  private static func decode<W: Word>(
    _ words: UnsafeMutablePointer<W>, _ base: UnsafeRawPointer, _ count: Int, _ order: Order
  ) {
    let base = unsafe base.words(W.self)
    let flip: W = order == .signed ? W.max &>> 1 : 0
    var index = 0
    while index < count {
      unsafe words[index] = ordered(ordered(base[index], flip) &+ unfolded(words[index]), flip)
      index &+= 1
    }
  }

  /// All bits but the top one flipped where that is set: its own inverse. Nothing where `flip` is 0.
  @inline(__always)
  private static func ordered<W: Word>(_ word: W, _ flip: W) -> W {
    word ^ (flip & (0 &- (word &>> W(truncatingIfNeeded: W.bitWidth &- 1))))
  }

  @inline(__always)
  private static func folded<W: Word>(_ difference: W) -> W {
    (difference &<< 1) ^ (0 &- (difference &>> W(truncatingIfNeeded: W.bitWidth &- 1)))
  }

  @inline(__always)
  private static func unfolded<W: Word>(_ word: W) -> W { (word &>> 1) ^ (0 &- (word & 1)) }
}
