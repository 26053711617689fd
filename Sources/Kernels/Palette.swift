/// The distinct words of a chunk, and their places; one worker's, with a table that is kept.
public final class Palette {
  /// Words by hash; a place of 0 is free, else one more than the number of the word in order of appearance.
  private var words = [UInt64](repeating: 0, count: slots)
  private var numbers = [UInt16](repeating: 0, count: slots)
  private static let slots = 16384

  public init() {}

  /// The distinct words, ascending, and in `places` for each element the position of its word; nil where there are more
  /// than `limit`.
  /// - Precondition: `limit` is at most 4,096; the source is aligned for its words.
  public func words(
    of source: UnsafeRawPointer, count: Int, width: Int, atMost limit: Int, places: UnsafeMutablePointer<UInt16>
  ) -> [UInt64]? {
    precondition(limit <= Self.slots / 4)
    return withWord(
      width: width,
      { unsafe collect(source.words(UInt8.self), count, limit, places) },
      { unsafe collect(source.words(UInt16.self), count, limit, places) },
      { unsafe collect(source.words(UInt32.self), count, limit, places) },
      { unsafe collect(source.words(UInt64.self), count, limit, places) })
  }

  @inline(__always)
  private func collect<W: Word>(
    _ source: UnsafePointer<W>, _ count: Int, _ limit: Int, _ places: UnsafeMutablePointer<UInt16>
  ) -> [UInt64]? {
    for slot in numbers.indices { numbers[slot] = 0 }
    var seen: [UInt64] = []
    let isFound = unsafe words.withUnsafeMutableBufferPointer { words in
      unsafe numbers.withUnsafeMutableBufferPointer { numbers in
        for index in 0..<count {
          let word = unsafe UInt64(source[index])
          var slot = Int((word &* 0x9E37_79B9_7F4A_7C15) &>> 50)
          while unsafe numbers[slot] != 0, unsafe words[slot] != word { slot = (slot &+ 1) & (Self.slots &- 1) }
          if unsafe numbers[slot] == 0 {
            if seen.count == limit { return false }
            seen.append(word)
            unsafe words[slot] = word
            unsafe numbers[slot] = UInt16(seen.count)
          }
          unsafe places[index] = numbers[slot] &- 1
        }
        return true
      }
    }
    guard isFound else { return nil }
    let order = seen.indices.sorted { seen[$0] < seen[$1] }
    var ranks = [UInt16](repeating: 0, count: seen.count)
    for (rank, number) in order.enumerated() { ranks[number] = UInt16(rank) }
    unsafe ranks.withUnsafeBufferPointer { ranks in
      for index in 0..<count { unsafe places[index] = ranks[Int(places[index])] }
    }
    return order.map { seen[$0] }
  }

  /// The words of codes, with `low` of codes of two bytes; false where one is past the last word.
  public static func expand(
    _ codes: UnsafePointer<UInt8>, low: UnsafePointer<UInt8>? = nil, count: Int, words: [UInt64], width: Int,
    into target: UnsafeMutableRawPointer
  ) -> Bool {
    unsafe words.withUnsafeBufferPointer { words in
      withWord(
        width: width,
        { unsafe expand(codes, low, count, words, target.words(UInt8.self)) },
        { unsafe expand(codes, low, count, words, target.words(UInt16.self)) },
        { unsafe expand(codes, low, count, words, target.words(UInt32.self)) },
        { unsafe expand(codes, low, count, words, target.words(UInt64.self)) })
    }
  }

  @inline(__always)
  private static func expand<W: Word>(
    _ codes: UnsafePointer<UInt8>, _ low: UnsafePointer<UInt8>?, _ count: Int, _ words: UnsafeBufferPointer<UInt64>,
    _ target: UnsafeMutablePointer<W>
  ) -> Bool {
    if let low = unsafe low {
      for index in 0..<count {
        let code = unsafe Int(codes[index]) &<< 8 | Int(low[index])
        guard code < words.count else { return false }
        unsafe target[index] = W(truncatingIfNeeded: words[code])
      }
      return true
    }
    // Codes are below the number of words: the caller has seen to it.
    return unsafe withUnsafeTemporaryAllocation(of: W.self, capacity: 256) { table in
      for code in 0..<words.count { unsafe table[code] = W(truncatingIfNeeded: words[code]) }
      let base = table.baseAddress!
      var index = 0
      while index < count {
        unsafe target[index] = base[Int(codes[index])]
        index &+= 1
      }
      return true
    }
  }
}
