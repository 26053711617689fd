import Kernels

/// A Huffman code over bytes with codes of at most 11 bits, as zstd's literals have it (RFC 8878, 4.2.1).
struct HuffmanCode {
  /// The code's length of each of the 256 bytes, in bits; 0 where the byte has none.
  let lengths: [UInt8]

  /// A code for these counts of bytes, the shortest but for what the limit of 11 bits costs; nil where fewer than two bytes
  /// occur.
  init?(counts: [UInt32]) {
    let sorted = Self.ascending(counts)
    guard sorted.count >= 2 else { return nil }
    let ofLength = Self.limited(Self.treeDepths(sorted), sorted)
    var lengths = [UInt8](repeating: 0, count: 256)
    var next = 0
    for length in ofLength.indices.reversed() {
      for _ in 0..<ofLength[length] {
        lengths[Int(sorted[next] & 0xFF)] = UInt8(length)
        next += 1
      }
    }
    self.lengths = lengths
  }

  var longest: Int { Int(lengths.max() ?? 0) }

  /// The bits that bytes of these counts take; nil where one that occurs has no code.
  func bits(_ counts: [UInt32]) -> Int? {
    var bits = 0
    var isComplete = true
    for symbol in 0..<256 {
      bits &+= Int(counts[symbol]) &* Int(lengths[symbol])
      isComplete = isComplete && (counts[symbol] == 0 || lengths[symbol] > 0)
    }
    return isComplete ? bits : nil
  }

  /// 256 entries for `HuffmanStreams`: the longest codes come first, those of one length in the order of their bytes.
  func table() -> [UInt64] {
    let longest = self.longest
    var ofLength = [Int](repeating: 0, count: longest + 1)
    for length in lengths where length > 0 { ofLength[Int(length)] += 1 }
    var next = [UInt64](repeating: 0, count: longest + 1)
    var code: UInt64 = 0
    for length in (1...longest).reversed() {
      next[length] = code
      code = (code + UInt64(ofLength[length])) >> 1
    }
    return lengths.map { length in
      guard length > 0 else { return 0 }
      defer { next[Int(length)] += 1 }
      return HuffmanStreams.entry(code: next[Int(length)], length: Int(length))
    }
  }

  /// The weights of RFC 8878, 4.2.1.1: 0, or the longest length less the byte's plus one. The last byte that has a code is
  /// left out: its weight follows from the others.
  var weights: [UInt8] {
    let last = lengths.lastIndex { $0 > 0 } ?? 0
    let longest = UInt8(self.longest)
    return lengths[..<last].map { $0 == 0 ? 0 : longest + 1 - $0 }
  }

  /// The bytes that occur, rarest first, equally frequent ones by value; each with its count above the lowest eight bits.
  private static func ascending(_ counts: [UInt32]) -> [UInt64] {
    var items: [UInt64] = []
    items.reserveCapacity(256)
    var all: UInt32 = 0
    for symbol in 0..<256 where counts[symbol] > 0 {
      items.append(UInt64(counts[symbol]) << 8 | UInt64(symbol))
      all |= counts[symbol]
    }
    var sorted = items
    var shift: UInt64 = 8
    while all != 0 {
      // A stable pass for each byte of the counts.
      var starts = [Int](repeating: 0, count: 257)
      for item in items { starts[Int(item >> shift & 0xFF) + 1] += 1 }
      for digit in 0..<256 { starts[digit + 1] += starts[digit] }
      for item in items {
        let digit = Int(item >> shift & 0xFF)
        sorted[starts[digit]] = item
        starts[digit] += 1
      }
      swap(&items, &sorted)
      shift += 8
      all >>= 8
    }
    return items
  }

  /// How many leaves of a Huffman tree lie at each depth, for sorted items (two queues: van Leeuwen 1976).
  private static func treeDepths(_ items: [UInt64]) -> [Int] {
    let leaves = items.count
    let nodes = 2 * leaves - 1
    return unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * nodes) { room in
      let weights = room.baseAddress!
      let parents = unsafe weights + nodes
      for leaf in 0..<leaves { unsafe weights[leaf] = items[leaf] >> 8 }
      var leaf = 0
      var inner = leaves
      for node in leaves..<nodes {
        var weight: UInt64 = 0
        for _ in 0..<2 {
          let takesLeaf = unsafe leaf < leaves && (inner >= node || weights[leaf] <= weights[inner])
          let child = takesLeaf ? leaf : inner
          if takesLeaf { leaf += 1 } else { inner += 1 }
          unsafe parents[child] = UInt64(node)
          weight += unsafe weights[child]
        }
        unsafe weights[node] = weight
      }
      // A node's depth takes the place of its weight.
      unsafe weights[nodes - 1] = 0
      for node in (0..<(nodes - 1)).reversed() { unsafe weights[node] = weights[Int(parents[node])] + 1 }
      var ofDepth = [Int](repeating: 0, count: unsafe Int(weights[0]) + 1)
      for leaf in 0..<leaves { unsafe ofDepth[Int(weights[leaf])] += 1 }
      return ofDepth
    }
  }

  /// The number of codes of each length, none over the limit: what is deeper moves up to it, and codes that are missing
  /// then, or left over, are taken where that costs least.
  private static func limited(_ ofDepth: [Int], _ items: [UInt64]) -> [Int] {
    let limit = HuffmanStreams.longestCode
    guard ofDepth.count > limit + 1 else { return ofDepth }
    var ofLength = Array(ofDepth[...limit])
    ofLength[limit] += ofDepth[(limit + 1)...].reduce(0, +)
    // A code of n bits takes 2^(limit − n) of 2^limit places; all must be taken.
    var free = 1 << limit
    for (length, count) in ofLength.enumerated() { free -= count << (limit - length) }
    // Items are sorted, so those of one length lie together, the longest lengths first.
    func firstItem(_ length: Int) -> Int { ofLength[(length + 1)...].reduce(0, +) }
    func cost(_ item: Int, places: Int) -> Double { Double(items[item] >> 8) / Double(places) }
    while free < 0 {
      // More places than are missing are worth no more.
      func costOfLengthening(_ length: Int) -> Double {
        cost(firstItem(length), places: min(1 << (limit - length - 1), -free))
      }
      let longer = (1..<limit).filter { ofLength[$0] > 0 }.min { costOfLengthening($0) < costOfLengthening($1) }!
      ofLength[longer] -= 1
      ofLength[longer + 1] += 1
      free += 1 << (limit - longer - 1)
    }
    while free > 0 {
      func lastItem(_ length: Int) -> Int { firstItem(length) + ofLength[length] - 1 }
      let shorter = (2...limit).filter { ofLength[$0] > 0 && 1 << (limit - $0) <= free }
        .max { cost(lastItem($0), places: 1 << (limit - $0)) < cost(lastItem($1), places: 1 << (limit - $1)) }!
      ofLength[shorter] -= 1
      ofLength[shorter - 1] += 1
      free -= 1 << (limit - shorter)
    }
    return ofLength
  }
}
