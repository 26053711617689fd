import Glibc
import Kernels

/// The entropy of what was counted: the bits that an ideal code of single symbols spends on each, its table aside.
enum Entropy {
  /// Of symbols that occur so many times each; 0 for none. The sum is taken in the order given.
  static func bits(_ counts: some Sequence<Int>) -> Double {
    var total = 0.0
    var weighted = 0.0
    for count in counts where count > 0 {
      total += Double(count)
      weighted += Double(count) * log2(Double(count))
    }
    // Rounding may leave a little less than nothing.
    return total == 0 ? 0 : max(0, log2(total) - weighted / total)
  }

  /// Of the bits `field` of the patterns.
  static func bits(of field: Range<Int>, in patterns: [PatternCount]) -> Double {
    guard !field.isEmpty else { return 0 }
    let mask = UInt32(1) << UInt32(field.count) - 1
    var counts = [Int](repeating: 0, count: 1 << field.count)
    for entry in patterns { counts[Int(entry.pattern >> UInt32(field.lowerBound) & mask)] += entry.count }
    return bits(counts)
  }
}

/// The entropy of the three fields of a float, each taken for itself, in bits per element.
public struct FieldEntropies: Hashable, Sendable {
  public var sign: Double
  public var exponent: Double
  public var mantissa: Double
}
