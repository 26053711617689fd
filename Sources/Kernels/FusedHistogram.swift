/// Counts exponents jointly with leading mantissa bits, of all elements or of a sample, to find the best `fused` cut.
public struct FusedHistogram: Sendable {
  /// Exponents by frequency, most frequent first, at most 31 of them.
  public let exponents: [UInt16]
  /// Elements counted.
  public let total: Int
  /// counts[rank × 64 + leading six mantissa bits]; rank 31 stands for all exponents that are not listed.
  public let counts: [UInt32]
  /// Mantissa bits that `counts` tells apart: 6, or all if there are fewer.
  public let topBits: Int

  static let ranks = 32
  static let tops = 64
  /// Elements of one run of a sample.
  static let run = 64

  /// Reads a run of 64 elements out of each `step` runs.
  public init(
    _ source: UnsafeRawPointer, elements: Int, width: Int, exponentBits: Int, step: Int
  ) {
    (exponents, total, counts, topBits) = withWord(
      width: width,
      { unsafe Self.sample(source.words(UInt8.self), elements, exponentBits, step) },
      { unsafe Self.sample(source.words(UInt16.self), elements, exponentBits, step) },
      { unsafe Self.sample(source.words(UInt32.self), elements, exponentBits, step) },
      { unsafe Self.sample(source.words(UInt64.self), elements, exponentBits, step) })
  }

  @inline(__always)
  private static func sample<W: Word>(
    _ source: UnsafePointer<W>, _ elements: Int, _ exponentBits: Int, _ step: Int
  ) -> ([UInt16], Int, [UInt32], Int) {
    let mantissaBits = W.bitWidth - 1 - exponentBits
    let topBits = min(6, mantissaBits)
    let exponentShift = W(truncatingIfNeeded: mantissaBits)
    let topShift = W(truncatingIfNeeded: mantissaBits - topBits)
    let exponentMask = 1 &<< exponentBits - 1
    let topMask = 1 &<< topBits - 1
    var byExponent = [UInt32](repeating: 0, count: 1 &<< exponentBits)
    var total = 0
    unsafe byExponent.withUnsafeMutableBufferPointer { buffer in
      let counters = buffer.baseAddress!
      forEachRun(elements, step) { range in
        total += range.count
        for index in range {
          unsafe counters[Int(truncatingIfNeeded: source[index] &>> exponentShift) & exponentMask] &+= 1
        }
      }
    }
    let listed = byExponent.indices.filter { byExponent[$0] > 0 }
      .sorted { (byExponent[$1], $0) < (byExponent[$0], $1) }.prefix(ranks - 1)
    var rankOf = [UInt8](repeating: UInt8(ranks - 1), count: 1 &<< exponentBits)
    for (rank, exponent) in listed.enumerated() { rankOf[exponent] = UInt8(rank) }
    var counts = [UInt32](repeating: 0, count: ranks * tops)
    unsafe counts.withUnsafeMutableBufferPointer { buffer in
      unsafe rankOf.withUnsafeBufferPointer { rankOf in
        let counters = buffer.baseAddress!
        let ranks = rankOf.baseAddress!
        forEachRun(elements, step) { range in
          for index in range {
            let word = unsafe source[index]
            let rank = unsafe Int(ranks[Int(truncatingIfNeeded: word &>> exponentShift) & exponentMask])
            let top = Int(truncatingIfNeeded: word &>> topShift) & topMask
            unsafe counters[rank &* tops &+ top] &+= 1
          }
        }
      }
    }
    return (listed.map { UInt16($0) }, total, counts, topBits)
  }

  @inline(__always)
  private static func forEachRun(_ elements: Int, _ step: Int, _ body: (Range<Int>) -> Void) {
    var start = 0
    while start < elements {
      body(start..<min(start + run, elements))
      start += run * step
    }
  }
}
