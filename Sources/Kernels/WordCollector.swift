/// Makes the sketches of chunks. One worker's; its table is kept from chunk to chunk.
package final class WordCollector {
  /// Hashes and counts at places that rise with the hash, so that reading them out gives them almost in order. A count of
  /// 0 is a free place.
  private var table = [WordSketch.Entry](
    repeating: WordSketch.Entry(hash: 0, count: 0), count: 1 << mostPlaceBits + overhang)
  private var occupied = 0
  /// Of the places, which are more than twice as many as there may be words.
  private var placeBits = mostPlaceBits
  /// Hashes from here on are not kept, unless all are.
  private var limit = UInt64.max
  private var keepsAll = true
  private var shift: UInt64 = 0

  private static let mostPlaceBits = 13
  /// Words that find their place and all up to the end taken go behind it.
  private static let overhang = mostOccupied + 1
  private static let mostOccupied = 2 * WordSketch.capacity

  /// Hashes of one block of words that are below the limit.
  private var found = [UInt64](repeating: 0, count: blockWords)
  private static let blockWords = 1024
  private let set: InstructionSet

  package init(on set: InstructionSet = .best) { self.set = set }

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
    let words = bytes.count / width
    guard words > 0, let base = bytes.baseAddress else { return [] }
    var start = 0
    while start < words {
      let count = min(Self.blockWords, words - start)
      unsafe insert(base + start * width, count, width)
      start += count
    }
    return drain()
  }

  /// Adds one block of words.
  private func insert(_ source: UnsafeRawPointer, _ count: Int, _ width: Int) {
    let bound = keepsAll ? nil : limit
    let kept = unsafe found.withUnsafeMutableBufferPointer { found in
      unsafe WordHash.hashes(source, count, width, below: bound, into: found, set.statistics)
    }
    var index = 0
    while index < kept {
      index = insertHashes(index..<kept)
      if occupied == Self.mostOccupied { keepSmallest() }
    }
  }

  /// Adds hashes of `found` until the table is full.
  /// - Returns: the index of the first that was not looked at.
  private func insertHashes(_ range: Range<Int>) -> Int {
    let keepsAll = keepsAll
    let limit = limit
    let shift = shift
    let placeShift = UInt64(64 - placeBits)
    return unsafe table.withUnsafeMutableBufferPointer { table in
      unsafe found.withUnsafeBufferPointer { found in
        for index in range {
          let hash = unsafe found[index]
          guard keepsAll || hash < limit else { continue }
          var place = Int(truncatingIfNeeded: (hash &<< shift) &>> placeShift)
          while unsafe table[place].count > 0, unsafe table[place].hash != hash { place &+= 1 }
          unsafe table[place].count &+= 1
          guard unsafe table[place].count == 1 else { continue }
          unsafe table[place].hash = hash
          occupied += 1
          if occupied == Self.mostOccupied { return index + 1 }
        }
        return range.upperBound
      }
    }
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
    for entry in entries[...WordSketch.capacity] {
      var place = Int(truncatingIfNeeded: (entry.hash &<< shift) &>> UInt64(64 - placeBits))
      while table[place].count > 0 { place += 1 }
      table[place] = entry
    }
    occupied = WordSketch.capacity + 1
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
