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

  /// The order-0 entropy of the symbols, no less than a bit each as Huffman codes are, and the raw bits.
  private static func cut(_ histogram: FusedHistogram, type: ElementType, rankBits: Int) -> FusedCut {
    let layout = FusedLayout(width: type.width, exponentBits: type.exponentBits, rankBits: rankBits)
    let listed = min(histogram.exponents.count, layout.escape)
    let drop = histogram.topBits - min(layout.topBits, histogram.topBits)
    let tops = 1 << (histogram.topBits - drop)
    var symbols = [UInt32](repeating: 0, count: (listed + 1) * tops)
    var escaped: UInt32 = 0
    for rank in 0..<32 {
      for top in 0..<(1 << histogram.topBits) {
        let count = histogram.counts[rank * 64 + top]
        guard count > 0 else { continue }
        let symbol = min(rank, listed) * tops + top >> drop
        symbols[symbol] += count
        if rank >= listed { escaped += count }
      }
    }
    let total = Double(max(histogram.total, 1))
    var bits = 0.0
    for count in symbols where count > 0 {
      bits += Double(count) * max(1, log2(total / Double(count)))
    }
    // An escaped exponent is rare and far from uniform: six bits is what they cost in trained weights.
    bits = bits / total + 6 * Double(escaped) / total + Double(layout.restBits)
    return FusedCut(layout: layout, exponents: Array(histogram.exponents.prefix(listed)), bits: bits)
  }
}
