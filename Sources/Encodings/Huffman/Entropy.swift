import Glibc
import Kernels

/// The order-0 entropy of counted symbols.
enum Entropy {
  /// The logarithms of small numbers, as nearly all counts of a sample are.
  private static let table: [Double] = (0..<8192).map { log2(Double(max($0, 1))) }

  /// log₂ of a count of at least one.
  static func logarithm(of count: Int) -> Double { count < table.count ? table[count] : log2(Double(count)) }

  /// The bits that symbols of these counts hold together: Σ n · log₂(N / n).
  static func bits(_ counts: some Sequence<UInt32>) -> Double {
    var total = 0
    var sum = 0.0
    for count in counts where count > 0 {
      total += Int(count)
      sum += Double(count) * logarithm(of: Int(count))
    }
    return total == 0 ? 0 : Double(total) * logarithm(of: total) - sum
  }

  /// About the bits that Huffman codes take for bytes: their entropy, but no less than one bit each.
  @unsafe static func huffmanBits(of bytes: UnsafeRawBufferPointer) -> Double {
    max(bits(unsafe ByteHistogram.counts(of: bytes)), Double(bytes.count))
  }
}
