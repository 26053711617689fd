/// Makes the sketches of chunks. One worker's; its table is kept from chunk to chunk.
package final class WordCollector {
  /// Hashes and counts at places that rise with the hash, so that reading them out gives them almost in order. A count of
  /// 0 is a free place.
  private var table = [WordSketch.Entry](
    repeating: WordSketch.Entry(hash: 0, count: 0), count: 1 << mostPlaceBits + overhang)
  private var occupied = 0
  /// Of the places, which are more than twice as many as there may be words.
  private var placeBits = mostPlaceBits
  /// Hashes from here on are not kept; `.max` keeps all but the largest, which is treated apart.
  private var limit = UInt64.max
  private var keepsAll = true
  private var shift: UInt64 = 0

  private static let mostPlaceBits = 13
  /// Words that find their place and all up to the end taken go behind it.
  private static let overhang = mostOccupied + 1
  private static let mostOccupied = 2 * WordSketch.capacity

  package init() {}

  /// The sketch of the words in `bytes`, of 32 or 64 bits.
  /// - Parameter limit: the tensor's so far, beyond which no word will count.
  package func sketch(_ bytes: UnsafeRawBufferPointer, width: Int, below limit: UInt64?) -> WordSketch {
    let words = bytes.count / width
    placeBits = min(Self.mostPlaceBits, Int.bitWidth - words.leadingZeroBitCount + 1)
    // Where all words are distinct, this keeps about twice as many as are needed.
    if words > 4 * WordSketch.capacity {
      let guess = UInt64(Double(Self.mostOccupied) * 0.9 / Double(words) * 0x1p64)
      if guess < limit ?? .max {
        let sketch = unsafe collect(bytes, width, below: guess)
        if sketch.count > WordSketch.capacity { return WordSketch(sketch, limit: self.limit) }
      }
    }
    let entries = unsafe collect(bytes, width, below: limit)
    return WordSketch(entries, limit: keepsAll ? nil : self.limit)
  }

  /// All words whose hashes are below `self.limit` afterwards, hashes rising.
  private func collect(_ bytes: UnsafeRawBufferPointer, _ width: Int, below limit: UInt64?) -> [WordSketch.Entry] {
    setLimit(limit)
    if width == 4 {
      unsafe insert(bytes, UInt32.self) { UInt64(WordHash.hash($0)) << 32 }
    } else {
      unsafe insert(bytes, UInt64.self) { WordHash.hash($0) }
    }
    return drain()
  }

  @inline(__always)
  private func insert<Word: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, _: Word.Type, _ hash: (Word) -> UInt64
  ) {
    let width = MemoryLayout<Word>.size
    let words = bytes.count / width
    var bound = limit
    for index in 0..<words {
      let hash = unsafe hash(bytes.loadUnaligned(fromByteOffset: index &* width, as: Word.self))
      guard hash < bound || keepsAll else { continue }
      insert(WordSketch.Entry(hash: hash, count: 1))
      bound = limit
    }
  }

  private func insert(_ entry: WordSketch.Entry) {
    var place = Int(truncatingIfNeeded: (entry.hash &<< shift) &>> UInt64(64 - placeBits))
    while table[place].count > 0, table[place].hash != entry.hash { place += 1 }
    if table[place].count == 0 {
      occupied += 1
      table[place].hash = entry.hash
    }
    table[place].count += entry.count
    if occupied == Self.mostOccupied { keepSmallest() }
  }

  private func setLimit(_ limit: UInt64?) {
    keepsAll = limit == nil
    self.limit = limit ?? .max
    shift = keepsAll ? 0 : UInt64(self.limit.leadingZeroBitCount)
  }

  /// Halves the table.
  private func keepSmallest() {
    let entries = drain()
    setLimit(entries[WordSketch.capacity + 1].hash)
    for entry in entries[...WordSketch.capacity] { insert(entry) }
  }

  /// Takes the entries out of the table, in order.
  private func drain() -> [WordSketch.Entry] {
    var entries: [WordSketch.Entry] = []
    entries.reserveCapacity(occupied)
    var place = 0
    while entries.count < occupied {
      if table[place].count > 0 {
        entries.append(table[place])
        table[place].count = 0
        var at = entries.count - 1
        while at > 0, entries[at - 1].hash > entries[at].hash {
          entries.swapAt(at - 1, at)
          at -= 1
        }
      }
      place += 1
    }
    occupied = 0
    return entries
  }
}
