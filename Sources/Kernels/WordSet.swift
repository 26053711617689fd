/// The set of the distinct words whose hashes lie in a range, up to a number of words that is fixed when it is made.
package final class WordSet {
  /// Hashes; 0 is a free place, and the hash 0 is kept apart.
  private var table: [UInt64]
  private var holdsZero = false
  private var occupied = 0
  private let shift: UInt64
  /// Where words lie can't be foreseen, so no file can be made such that they all meet.
  private let multiplier = UInt64.random(in: 0...UInt64.max) | 1

  /// The most words of any set: 64 MiB.
  package static let largestCapacity = 1 << 22

  /// Room for at least `words` words, where these are no more than `largestCapacity`.
  package init(words: Int) {
    let places = max(1024, 2 * min(words, Self.largestCapacity)).nextPowerOfTwo
    table = [UInt64](repeating: 0, count: places)
    shift = UInt64(64 - places.trailingZeroBitCount)
  }

  package var count: Int { occupied + (holdsZero ? 1 : 0) }

  package func removeAll() {
    for place in table.indices { table[place] = 0 }
    occupied = 0
    holdsZero = false
  }

  /// Adds those words of `bytes`, of 32 or 64 bits, whose hashes lie in `range`.
  /// - Returns: false once the set is full.
  package func insert(_ bytes: RawSpan, width: Int, in range: ClosedRange<UInt64>) -> Bool {
    unsafe bytes.withUnsafeBytes { bytes in
      width == 4
        ? unsafe insert(bytes, range, UInt32.self) { UInt64(WordHash.hash($0)) << 32 }
        : unsafe insert(bytes, range, UInt64.self) { WordHash.hash($0) }
    }
  }

  @inline(__always)
  private func insert<Word: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, _ range: ClosedRange<UInt64>, _: Word.Type, _ hash: (Word) -> UInt64
  ) -> Bool {
    let width = MemoryLayout<Word>.size
    let most = table.count / 2
    return unsafe table.withUnsafeMutableBufferPointer { table in
      for index in 0..<bytes.count / width {
        let hash = unsafe hash(bytes.loadUnaligned(fromByteOffset: index &* width, as: Word.self))
        guard range.contains(hash) else { continue }
        guard hash != 0 else {
          holdsZero = true
          continue
        }
        var place = Int(truncatingIfNeeded: (hash &* multiplier) &>> shift)
        while unsafe table[place] != 0, unsafe table[place] != hash { place = (place &+ 1) & (table.count &- 1) }
        guard unsafe table[place] == 0 else { continue }
        guard occupied < most else { return false }
        unsafe table[place] = hash
        occupied &+= 1
      }
      return true
    }
  }
}

extension Int {
  fileprivate var nextPowerOfTwo: Int { 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
