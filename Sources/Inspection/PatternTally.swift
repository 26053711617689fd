import Kernels

/// Adds up how often each pattern of a tensor occurs.
struct PatternTally {
  /// What was added, as long as that is little, or all from one chunk.
  private var list: [PatternCount] = []
  /// After that, one count per pattern that may occur.
  private var table: [Int] = []
  private static let longestList = 4096

  /// - Precondition: patterns have at most 20 bits.
  mutating func add(_ counts: [PatternCount]) {
    guard !list.isEmpty || !table.isEmpty else {
      list = counts
      return
    }
    list += counts
    if table.isEmpty {
      guard list.count > Self.longestList else { return }
      // Few patterns that come again and again need no table.
      list = sorted
      guard list.count > Self.longestList / 2 else { return }
    }
    let largest = list.reduce(0) { max($0, Int($1.pattern)) }
    let size = largest < 1 << 16 ? 1 << 16 : 1 << 20
    if table.isEmpty {
      table = [Int](repeating: 0, count: size)
    } else if table.count < size {
      table += repeatElement(0, count: size - table.count)
    }
    for entry in list { table[Int(entry.pattern)] += entry.count }
    list.removeAll(keepingCapacity: true)
  }

  /// The patterns that occur, rising.
  var sorted: [PatternCount] {
    if !table.isEmpty {
      return table.indices.compactMap {
        table[$0] > 0 ? PatternCount(pattern: UInt32($0), count: table[$0]) : nil
      }
    }
    var sums: [PatternCount] = []
    for entry in list.sorted(by: { $0.pattern < $1.pattern }) {
      if sums.last?.pattern == entry.pattern { sums[sums.count - 1].count += entry.count } else { sums.append(entry) }
    }
    return sums
  }
}
