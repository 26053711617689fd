/// A Huffman code as zstd's blocks describe it (RFC 8878, 4.2.1).
enum HuffmanTreeDescription {
  /// The shorter of the two forms; nil where neither can hold the weights.
  static func bytes(of code: HuffmanCode) -> [UInt8]? {
    let weights = code.weights
    let direct = direct(weights)
    guard let compressed = FSEWeights.compressed(weights), compressed.count < 128 else { return direct }
    if let direct, direct.count <= compressed.count + 1 { return direct }
    return [UInt8(compressed.count)] + compressed
  }

  /// Four bits for each weight, of at most 128.
  private static func direct(_ weights: [UInt8]) -> [UInt8]? {
    guard weights.count <= 128 else { return nil }
    let pairs = stride(from: 0, to: weights.count, by: 2).map { first in
      weights[first] << 4 | (first + 1 < weights.count ? weights[first + 1] : 0)
    }
    return [UInt8(127 + weights.count)] + pairs
  }
}
