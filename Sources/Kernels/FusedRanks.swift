/// How exponents map to ranks: by arithmetic where the list is a run of successive exponents, else by a table.
struct FusedRanks {
  /// The exponent of rank 0, where the list is as long as the layout allows and counts upwards by ones.
  let first: UInt16?
  private let exponents: [UInt16]
  private let layout: FusedLayout

  init(_ exponents: [UInt16], _ layout: FusedLayout) {
    precondition(exponents.count <= layout.escape)
    self.exponents = exponents
    self.layout = layout
    let isRun = zip(exponents, exponents.dropFirst()).allSatisfy { $1 == $0 &+ 1 && $1 > $0 }
    first = isRun && exponents.count == layout.escape ? exponents.first : nil
  }

  /// For each of the 2^exponentBits exponents its rank, shifted above the top mantissa bits.
  var symbolOfExponent: [UInt8] {
    var table = [UInt8](repeating: layout.firstEscapeSymbol, count: 1 << layout.exponentBits)
    for (rank, exponent) in exponents.enumerated() { table[Int(exponent)] = UInt8(rank << layout.topBits) }
    return table
  }

  /// For each symbol the exponent and leading mantissa that it stands for, as bits of an element; ranks beyond the list
  /// have exponent 0.
  func magnitudeOfSymbol<W: Word>(_ type: W.Type) -> [W] {
    (0..<256).map { symbol in
      let rank = symbol >> layout.topBits
      let exponent = rank < exponents.count ? W(truncatingIfNeeded: exponents[rank]) : 0
      let top = W(truncatingIfNeeded: symbol & (1 << layout.topBits - 1))
      return exponent &<< W(truncatingIfNeeded: layout.mantissaBits) | top &<< W(truncatingIfNeeded: layout.lowBits)
    }
  }
}
