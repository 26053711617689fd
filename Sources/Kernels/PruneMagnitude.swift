/// Kernels that tell elements apart by their magnitude alone. The bytes may have any alignment.
public enum PruneMagnitude {
  /// Writes the elements of `source` to `target` at `offset`, with +0 for those whose magnitude is at most `limit`.
  /// - Precondition: `target` has room for them.
  public static func zero(
    _ source: RawSpan, upTo limit: UInt64, _ order: MagnitudeOrder, into target: inout [UInt8], at offset: Int
  ) {
    precondition(offset >= 0 && offset + source.byteCount <= target.count && limit <= order.largestFinite)
    unsafe source.withUnsafeBytes { source in
      unsafe target.withUnsafeMutableBytes { target in
        guard let from = source.baseAddress, let to = unsafe target.baseAddress.map({ unsafe $0 + offset }) else {
          return
        }
        let count = source.count / order.dtype.blockBytes
        withWord(
          width: order.dtype.blockBytes,
          { unsafe zero(from, count, UInt8(limit), order.words(UInt8.self), to) },
          { unsafe zero(from, count, UInt16(limit), order.words(UInt16.self), to) },
          { unsafe zero(from, count, UInt32(limit), order.words(UInt32.self), to) },
          { unsafe zero(from, count, limit, order.words(UInt64.self), to) })
      }
    }
  }

  private static func zero<W: Word>(
    _ source: UnsafeRawPointer, _ count: Int, _ limit: W, _ order: WordOrder<W>, _ target: UnsafeMutableRawPointer
  ) {
    let width = MemoryLayout<W>.size
    for index in 0..<count {
      let word = unsafe source.loadUnaligned(fromByteOffset: index &* width, as: W.self)
      unsafe target.storeBytes(of: order(word) <= limit ? 0 : word, toByteOffset: index &* width, as: W.self)
    }
  }

  /// Counts the magnitudes of the elements, which are the selection's keys.
  public static func count(_ source: RawSpan, _ order: MagnitudeOrder, in selection: inout RadixSelection) {
    unsafe source.withUnsafeBytes { source in
      guard let from = source.baseAddress else { return }
      let count = source.count / order.dtype.blockBytes
      withWord(
        width: order.dtype.blockBytes,
        { unsafe Self.count(from, count, order.words(UInt8.self), &selection) },
        { unsafe Self.count(from, count, order.words(UInt16.self), &selection) },
        { unsafe Self.count(from, count, order.words(UInt32.self), &selection) },
        { unsafe Self.count(from, count, order.words(UInt64.self), &selection) })
    }
  }

  private static func count<W: Word>(
    _ source: UnsafeRawPointer, _ count: Int, _ order: WordOrder<W>, _ selection: inout RadixSelection
  ) {
    selection.count(count) {
      unsafe order(source.loadUnaligned(fromByteOffset: $0 &* MemoryLayout<W>.size, as: W.self))
    }
  }

  /// How many elements have that magnitude, which is at most the largest finite one.
  public static func count(
    of magnitude: UInt64, in source: RawSpan, _ order: MagnitudeOrder, on set: InstructionSet = .best
  ) -> Int {
    unsafe source.withUnsafeBytes { source in
      guard let from = source.baseAddress else { return 0 }
      let width = order.dtype.blockBytes
      let count = source.count / width
      if width == 2 || width == 4, let kernel = unsafe set.kernels?.count_magnitude {
        return unsafe kernel(from, count, CInt(width), UInt64.max >> UInt64(65 - 8 * width), magnitude)
      }
      return withWord(
        width: width,
        { unsafe Self.count(of: UInt8(magnitude), from, count, order.words(UInt8.self)) },
        { unsafe Self.count(of: UInt16(magnitude), from, count, order.words(UInt16.self)) },
        { unsafe Self.count(of: UInt32(magnitude), from, count, order.words(UInt32.self)) },
        { unsafe Self.count(of: magnitude, from, count, order.words(UInt64.self)) })
    }
  }

  /// Counts in words of the elements' width, as far as one holds, so that the loop stays in lanes of that width.
  private static func count<W: Word>(
    of magnitude: W, _ source: UnsafeRawPointer, _ count: Int, _ order: WordOrder<W>
  ) -> Int {
    let width = MemoryLayout<W>.size
    var total = 0
    var start = 0
    while start < count {
      let end = min(count, start &+ 128)
      var matches: W = 0
      for index in start..<end {
        let word = unsafe source.loadUnaligned(fromByteOffset: index &* width, as: W.self)
        matches &+= order(word) == magnitude ? 1 : 0
      }
      total += Int(matches)
      start = end
    }
    return total
  }

  /// Looks for the element of that magnitude that `number` others precede.
  /// - Returns: its index, nil where there are fewer; and how many elements of that magnitude lie in front of it, or in
  ///   all of `source` where there are fewer.
  public static func index(
    of magnitude: UInt64, number: Int, in source: RawSpan, _ order: MagnitudeOrder
  ) -> (index: Int?, passed: Int) {
    let width = order.dtype.blockBytes
    // Large steps first, then the elements of one step.
    var passed = 0
    var start = 0
    for step in [1 << 13, 1 << 7, 1] {
      while start < source.byteCount {
        let part = source.extracting(start..<min(source.byteCount, start + step * width))
        let matches = count(of: magnitude, in: part, order)
        if passed + matches > number { break }
        passed += matches
        start += part.byteCount
      }
    }
    return (start < source.byteCount ? start / width : nil, passed)
  }
}
