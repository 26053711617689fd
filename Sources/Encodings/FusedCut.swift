import Glibc
import Kernels

/// One way to cut floats for `fused`, and what it would cost.
struct FusedCut: Hashable, Sendable {
  let layout: FusedLayout
  /// The listed exponents by rank.
  let exponents: [UInt16]
  /// Estimated bits per element.
  let bits: Double

  /// All sensible cuts, cheapest first.
  static func ranked(_ histogram: FusedHistogram, type: ElementType) -> [FusedCut] {
    let widths = (2...5).filter { $0 <= type.exponentBits }
    return widths.map { cut(histogram, type: type, rankBits: $0) }.sorted {
      ($0.bits, $0.layout.rankBits) < ($1.bits, $1.layout.rankBits)
    }
  }

  /// What zstd's Huffman codes make of the symbols and of the escaped exponents, and the raw bits.
  private static func cut(_ histogram: FusedHistogram, type: ElementType, rankBits: Int) -> FusedCut {
    let layout = FusedLayout(width: type.width, exponentBits: type.exponentBits, rankBits: rankBits)
    let listed = min(histogram.exponents.count, layout.escape)
    let drop = histogram.topBits - min(layout.topBits, histogram.topBits)
    let tops = 1 << (histogram.topBits - drop)
    var symbols = [UInt32](repeating: 0, count: (listed + 1) * tops)
    var escapes = [UInt32](repeating: 0, count: 32)
    for rank in 0..<32 {
      for top in 0..<(1 << histogram.topBits) {
        let count = histogram.counts[rank * 64 + top]
        symbols[min(rank, listed) * tops + top >> drop] += count
        if rank >= listed { escapes[rank] += count }
      }
    }
    let bits = (huffmanBits(symbols) + huffmanBits(escapes)) / Double(max(histogram.total, 1)) + Double(layout.restBits)
    let exponents = run(histogram, layout: layout) ?? Array(histogram.exponents.prefix(listed))
    return FusedCut(layout: layout, exponents: exponents, bits: bits)
  }

  /// The run of successive exponents that leaves hardly more escapes than the most frequent exponents do; nil where there
  /// is none. Ranks in a run are arithmetic, several times faster than a table, and order is nothing to Huffman codes.
  private static func run(_ histogram: FusedHistogram, layout: FusedLayout) -> [UInt16]? {
    let counts = histogram.exponents.indices.map { rank in
      histogram.counts[rank * 64..<(rank + 1) * 64].reduce(0) { $0 + Int($1) }
    }
    let sought = counts.prefix(layout.escape).reduce(0, +) - histogram.total / 4096
    let last = 1 << layout.exponentBits - layout.escape
    var best: (first: Int, covered: Int)?
    for exponent in histogram.exponents {
      let first = min(Int(exponent), last)
      var covered = 0
      for (rank, other) in histogram.exponents.enumerated()
      where (first..<(first + layout.escape)).contains(Int(other)) { covered += counts[rank] }
      if covered > best?.covered ?? -1 { best = (first, covered) }
    }
    guard let best, best.covered >= sought else { return nil }
    return (best.first..<(best.first + layout.escape)).map { UInt16($0) }
  }

  /// The bits that Huffman codes of at most 11 bits, as zstd's are, take for symbols of these counts: no less than one for
  /// each, and what rare symbols take of the code space beyond their share is missing to the others.
  private static func huffmanBits(_ counts: [UInt32]) -> Double {
    let total = counts.reduce(0) { $0 + Int($1) }
    guard total > 0 else { return 0 }
    let rarest = Double(total) / 2048
    var rare = (kinds: 0.0, count: 0.0)
    var bits = 0.0
    let whole = Entropy.logarithm(of: total)
    var frequent = 0.0
    for count in counts where count > 0 {
      if Double(count) < rarest {
        rare = (rare.kinds + 1, rare.count + Double(count))
      } else {
        bits += Double(count) * max(1, whole - Entropy.logarithm(of: Int(count)))
        frequent += Double(count)
      }
    }
    let squeeze = log2((1 - rare.count / Double(total)) / max(1 - rare.kinds / 2048, 0.01))
    return bits + frequent * squeeze + rare.count * 11
  }
}
