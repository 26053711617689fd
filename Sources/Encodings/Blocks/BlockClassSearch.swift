import Kernels

/// Finds classes: many cells with about as many parts each, then cells put together as long as that makes the chunk
/// smaller, by the entropies of their symbols and what a table of Huffman codes takes.
struct BlockClassSearch {
  /// About what a table takes, in bits: at first, and for each symbol that occurs.
  private static let tableBits = (first: 120.0, perSymbol: 4.0)
  private static let sampledKeys = 4096

  /// Boundaries of cells, of that many ratios and scales.
  @unsafe static func cells(_ keys: UnsafeBufferPointer<BlockKey>, ratios: Int, scales: Int) -> BlockClasses {
    let step = max(1, keys.count / sampledKeys)
    let sample = stride(from: 0, to: keys.count, by: step).map { unsafe keys[$0] }
    let ofRatios = boundaries(sample.map(\.ratio), ratios)
    let ofScales = boundaries(sample.map(\.scale), scales)
    let count = (ofRatios.count + 1) * (ofScales.count + 1)
    return BlockClasses(ratios: ofRatios, scales: ofScales, classes: (0..<count).map { UInt8($0) })
  }

  private static func boundaries(_ keys: [Float], _ count: Int) -> [Float] {
    let sorted = keys.filter { !$0.isNaN }.sorted()
    guard let least = sorted.first, count > 1 else { return [] }
    var boundaries: [Float] = []
    for number in 1..<count {
      // Adding 0 takes the sign from −0.
      let boundary = sorted[sorted.count * number / count] + 0
      if boundary > boundaries.last ?? least { boundaries.append(boundary) }
    }
    return boundaries
  }

  /// - Parameters:
  ///   - counts: how often each symbol occurs in each cell, 256 numbers a cell.
  ///   - share: what part of the symbols was counted.
  static func merged(_ cells: BlockClasses, _ counts: [UInt32], share: Double) -> BlockClasses {
    var search = BlockClassSearch(cells, counts, share)
    while let best = search.bestPair(), best.gain > 0 || search.classCount > BlockClasses.mostClasses {
      search.merge(best.from, into: best.into)
    }
    return BlockClasses(ratios: cells.ratios, scales: cells.scales, classes: search.numbered)
  }

  /// The cell that stands for the class of each cell.
  private var leaders: [Int]
  /// Of the class that a leader stands for, 256 a cell.
  private var counts: [UInt32]
  private var bits: [Double]
  /// Pairs of leaders with cells beside each other, and the bits that putting them together saves.
  private var pairs: [(into: Int, from: Int, gain: Double)] = []
  private let share: Double

  private var classCount: Int { leaders.enumerated().count { $0 == $1 } }

  private init(_ cells: BlockClasses, _ counts: [UInt32], _ share: Double) {
    leaders = Array(0..<cells.cells)
    self.counts = counts
    self.share = share
    bits = []
    bits = leaders.map { bits(of: $0, and: nil) }
    let perRatio = cells.scales.count + 1
    for cell in leaders {
      if cell % perRatio + 1 < perRatio { addPair(cell, cell + 1) }
      if cell + perRatio < leaders.count { addPair(cell, cell + perRatio) }
    }
  }

  private mutating func addPair(_ a: Int, _ b: Int) {
    pairs.append((min(a, b), max(a, b), bits[a] + bits[b] - bits(of: a, and: b)))
  }

  private func bestPair() -> (into: Int, from: Int, gain: Double)? {
    pairs.max { ($0.gain, -$0.into, -$0.from) < ($1.gain, -$1.into, -$1.from) }
  }

  private mutating func merge(_ from: Int, into: Int) {
    for symbol in 0..<256 { counts[256 * into + symbol] &+= counts[256 * from + symbol] }
    bits[into] = bits(of: into, and: nil)
    for cell in leaders.indices where leaders[cell] == from { leaders[cell] = into }
    let touched = pairs.filter { [$0.into, $0.from].contains { $0 == from || $0 == into } }
    pairs.removeAll { [$0.into, $0.from].contains { $0 == from || $0 == into } }
    let others = Set(touched.flatMap { [$0.into, $0.from] }).subtracting([from, into])
    for other in others.sorted() { addPair(into, other) }
  }

  /// What the symbols of a class take, or of two together.
  private func bits(of a: Int, and b: Int?) -> Double {
    var kinds = 0
    var total = 0
    var sum = 0.0
    for symbol in 0..<256 {
      let count = Int(counts[256 * a + symbol]) + (b.map { Int(counts[256 * $0 + symbol]) } ?? 0)
      guard count > 0 else { continue }
      kinds += 1
      total += count
      sum += Double(count) * Entropy.logarithm(of: count)
    }
    guard total > 0 else { return 0 }
    // The entropy of a sample is too small, by 0.72 bits for each kind of symbol.
    let entropy = Double(total) * Entropy.logarithm(of: total) - sum + 0.72 * Double(kinds)
    return entropy / share + Self.tableBits.first + Self.tableBits.perSymbol * Double(kinds)
  }

  /// The class of each cell, numbered as they come.
  private var numbered: [UInt8] {
    var numbers: [Int: UInt8] = [:]
    return leaders.map { leader in
      let number = numbers[leader] ?? UInt8(numbers.count)
      numbers[leader] = number
      return number
    }
  }
}
