/// Puts elements in the order of the magnitudes of other elements at the same places, and back
/// (`formats/encodings/sorted.md`). None of these functions allocates or fails.
///
/// A counting sort by the highest 15 bits below the sign, 7 of single bytes; equal keys keep their order.
public enum MagnitudeSort {
  /// Counters that one sort needs.
  public static func counterCount(width: Int) -> Int { width == 1 ? 1 << 7 : 1 << 15 }

  /// Writes `source` and `base` to their targets in the order of `base`.
  /// - Parameter counters: room for `counterCount(width:)` of them.
  public static func gather(
    _ source: UnsafeRawPointer, by base: UnsafeRawPointer, count: Int, width: Int,
    counters: UnsafeMutablePointer<UInt32>, into target: UnsafeMutableRawPointer, _ baseTarget: UnsafeMutableRawPointer
  ) {
    withWord(
      width: width,
      { unsafe gather(source.words(UInt8.self), base, count, counters, target, baseTarget) },
      { unsafe gather(source.words(UInt16.self), base, count, counters, target, baseTarget) },
      { unsafe gather(source.words(UInt32.self), base, count, counters, target, baseTarget) },
      { unsafe gather(source.words(UInt64.self), base, count, counters, target, baseTarget) })
  }

  /// Writes `base` to its target in its own order.
  /// - Parameter counters: room for `counterCount(width:)` of them.
  public static func sort(
    _ base: UnsafeRawPointer, count: Int, width: Int, counters: UnsafeMutablePointer<UInt32>,
    into target: UnsafeMutableRawPointer
  ) {
    withWord(
      width: width,
      { unsafe sort(base.words(UInt8.self), count, counters, target) },
      { unsafe sort(base.words(UInt16.self), count, counters, target) },
      { unsafe sort(base.words(UInt32.self), count, counters, target) },
      { unsafe sort(base.words(UInt64.self), count, counters, target) })
  }

  /// Puts elements that lie in the order of `base` where they belong: the inverse of `gather`.
  public static func scatter(
    _ sorted: UnsafeRawPointer, by base: UnsafeRawPointer, count: Int, width: Int,
    counters: UnsafeMutablePointer<UInt32>, into target: UnsafeMutableRawPointer
  ) {
    withWord(
      width: width,
      { unsafe scatter(sorted.words(UInt8.self), base, count, counters, target) },
      { unsafe scatter(sorted.words(UInt16.self), base, count, counters, target) },
      { unsafe scatter(sorted.words(UInt32.self), base, count, counters, target) },
      { unsafe scatter(sorted.words(UInt64.self), base, count, counters, target) })
  }

  @inline(__always)
  private static func key<W: Word>(_ word: W) -> Int {
    let shift = W(truncatingIfNeeded: W.bitWidth == 8 ? 0 : W.bitWidth &- 16)
    return Int(truncatingIfNeeded: (word & (W.max &>> 1)) &>> shift)
  }

  /// Leaves in each counter where the first element of its key goes.
  @inline(__always)
  private static func starts<W: Word>(
    _ base: UnsafePointer<W>, _ count: Int, _ counters: UnsafeMutablePointer<UInt32>
  ) {
    let keys = counterCount(width: W.bitWidth / 8)
    unsafe counters.update(repeating: 0, count: keys)
    var index = 0
    while index < count {
      unsafe counters[key(base[index])] &+= 1
      index &+= 1
    }
    var next: UInt32 = 0
    var place = 0
    while place < keys {
      let here = unsafe counters[place]
      unsafe counters[place] = next
      next &+= here
      place &+= 1
    }
  }

  /// Calls `body` with each element's place, and the place of the same element in the order of `base`.
  @inline(__always)
  private static func forEachPlace<W: Word>(
    _ base: UnsafePointer<W>, _ count: Int, _ counters: UnsafeMutablePointer<UInt32>,
    _ body: (_ index: Int, _ place: Int) -> Void
  ) {
    unsafe starts(base, count, counters)
    var index = 0
    while index < count {
      let key = unsafe key(base[index])
      let place = unsafe Int(truncatingIfNeeded: counters[key])
      unsafe counters[key] &+= 1
      body(index, place)
      index &+= 1
    }
  }

  @inline(__always)
  private static func sort<W: Word>(
    _ base: UnsafePointer<W>, _ count: Int, _ counters: UnsafeMutablePointer<UInt32>, _ target: UnsafeMutableRawPointer
  ) {
    let target = unsafe target.words(W.self)
    unsafe forEachPlace(base, count, counters) { unsafe target[$1] = base[$0] }
  }

  @inline(__always)
  private static func gather<W: Word>(
    _ source: UnsafePointer<W>, _ base: UnsafeRawPointer, _ count: Int, _ counters: UnsafeMutablePointer<UInt32>,
    _ target: UnsafeMutableRawPointer, _ baseTarget: UnsafeMutableRawPointer
  ) {
    let base = unsafe base.words(W.self)
    let (target, baseTarget) = unsafe (target.words(W.self), baseTarget.words(W.self))
    unsafe forEachPlace(base, count, counters) { index, place in
      unsafe target[place] = source[index]
      unsafe baseTarget[place] = base[index]
    }
  }

  @inline(__always)
  private static func scatter<W: Word>(
    _ sorted: UnsafePointer<W>, _ base: UnsafeRawPointer, _ count: Int, _ counters: UnsafeMutablePointer<UInt32>,
    _ target: UnsafeMutableRawPointer
  ) {
    let base = unsafe base.words(W.self)
    let target = unsafe target.words(W.self)
    unsafe forEachPlace(base, count, counters) { unsafe target[$0] = sorted[$1] }
  }
}
