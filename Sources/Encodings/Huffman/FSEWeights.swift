/// Huffman weights coded by finite state entropy (RFC 8878, 4.1 and 4.2.1.2).
struct FSEWeights {
  private let tableLog: Int
  /// How many of the table's states each weight has.
  private let shares: [Int]

  /// The description of the table and the coded weights; nil where they can't be coded so: fewer than three, or all equal.
  static func compressed(_ weights: [UInt8]) -> [UInt8]? {
    guard weights.count > 2, let largest = weights.max(), weights.contains(where: { $0 != weights[0] }) else {
      return nil
    }
    var counts = [Int](repeating: 0, count: Int(largest) + 1)
    for weight in weights { counts[Int(weight)] += 1 }
    // Six bits are the most that decoders take here; a small table costs less to describe.
    let coder = FSEWeights(counts: counts, total: weights.count, tableLog: weights.count < 64 ? 5 : 6)
    return coder.description() + coder.coded(weights)
  }

  /// Gives each weight its share of the states, no less than one.
  private init(counts: [Int], total: Int, tableLog: Int) {
    let states = 1 << tableLog
    var shares = counts.map { $0 == 0 ? 0 : max(1, $0 * states / total) }
    // What rounding left over goes to the most frequent, which also gives what it took too much.
    var left = states - shares.reduce(0, +)
    while left != 0 {
      let most = shares.indices.max { shares[$0] < shares[$1] }!
      let change = max(left, 1 - shares[most])
      shares[most] += change
      left -= change
    }
    self.tableLog = tableLog
    self.shares = shares
  }

  /// The table's description (RFC 8878, 4.1.1).
  private func description() -> [UInt8] {
    var bits = BitStream()
    bits.add(UInt64(tableLog - 5), 4)
    var remaining = 1 << tableLog + 1
    var threshold = 1 << tableLog
    var width = tableLog + 1
    var symbol = 0
    while symbol < shares.count, remaining > 1 {
      let share = shares[symbol]
      let largest = 2 * threshold - 1 - remaining
      remaining -= share
      let value = share + 1
      let shifted = value >= threshold ? value + largest : value
      bits.add(UInt64(shifted), value < largest ? width - 1 : width)
      symbol += 1
      if share == 0 {
        var zeros = 0
        while symbol < shares.count, shares[symbol] == 0 { (zeros, symbol) = (zeros + 1, symbol + 1) }
        while zeros >= 3 {
          bits.add(3, 2)
          zeros -= 3
        }
        bits.add(UInt64(zeros), 2)
      }
      while remaining < threshold { (threshold, width) = (threshold >> 1, width - 1) }
    }
    return bits.finished(marked: false)
  }

  /// The weights, coded by two states in turn from the last one to the first (RFC 8878, 4.2.1.2).
  private func coded(_ weights: [UInt8]) -> [UInt8] {
    let table = CodingTable(shares: shares, tableLog: tableLog)
    var bits = BitStream()
    // The decoder's first state takes the weights at even places.
    var states: [Int?] = [nil, nil]
    for index in weights.indices.reversed() {
      states[index & 1] = table.next(states[index & 1], Int(weights[index]), &bits)
    }
    bits.add(UInt64(states[1]!), tableLog)
    bits.add(UInt64(states[0]!), tableLog)
    return bits.finished(marked: true)
  }

  /// From a state and a symbol to the bits to write and the next state.
  private struct CodingTable {
    private let tableLog: Int
    private let stateAt: [Int]
    private let shares: [Int]
    /// Where each symbol's states begin in `stateAt`.
    private let firstOf: [Int]

    init(shares: [Int], tableLog: Int) {
      let size = 1 << tableLog
      var symbolAt = [Int](repeating: 0, count: size)
      var position = 0
      for (symbol, share) in shares.enumerated() {
        for _ in 0..<share {
          symbolAt[position] = symbol
          position = (position + size >> 1 + size >> 3 + 3) & (size - 1)
        }
      }
      var first = 0
      var firstOf: [Int] = []
      for share in shares {
        firstOf.append(first)
        first += share
      }
      var next = firstOf
      var stateAt = [Int](repeating: 0, count: size)
      for place in 0..<size {
        stateAt[next[symbolAt[place]]] = place
        next[symbolAt[place]] += 1
      }
      self.tableLog = tableLog
      self.stateAt = stateAt
      self.shares = shares
      self.firstOf = firstOf
    }

    /// The state before, out of which decoding `symbol` leads to `state`; nil begins with any that holds the symbol.
    func next(_ state: Int?, _ symbol: Int, _ bits: inout BitStream) -> Int {
      let share = shares[symbol]
      guard let state else { return stateAt[firstOf[symbol]] }
      // A state x + size is cut down to share..<2 · share; the bits cut off are what the decoder reads.
      var value = state + 1 << tableLog
      var width = 0
      while value >> width >= 2 * share { width += 1 }
      bits.add(UInt64(value & (1 << width - 1)), width)
      value >>= width
      return stateAt[firstOf[symbol] + value - share]
    }
  }
}

/// Bits from the lowest up, in bytes.
private struct BitStream {
  private var bytes: [UInt8] = []
  private var pending: UInt64 = 0
  private var used = 0

  mutating func add(_ value: UInt64, _ width: Int) {
    pending |= value << UInt64(used)
    used += width
    while used >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: pending))
      pending >>= 8
      used -= 8
    }
  }

  /// All bytes; with a one behind the last bit where the reader starts from the end.
  func finished(marked: Bool) -> [UInt8] {
    var stream = self
    if marked { stream.add(1, 1) }
    return stream.used > 0 ? stream.bytes + [UInt8(truncatingIfNeeded: stream.pending)] : stream.bytes
  }
}
