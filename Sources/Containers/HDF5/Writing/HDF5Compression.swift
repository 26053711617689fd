import Filters

/// How chunks are compressed, behind a shuffle of the bytes of elements that have several.
public struct HDF5Compression: Hashable, Sendable {
  public enum Codec: String, Hashable, Sendable {
    /// Deflate, which every reader knows.
    case gzip
    /// Which readers have from a plug-in.
    case zstd
  }

  public let codec: Codec
  public let level: Int

  /// Nil for a level that the codec lacks: 1 to 9 of gzip, 1 to 22 of zstd.
  /// - Parameter level: nil for 4 of gzip, as h5py has it, and 1 of zstd: what higher ones look for, weights seldom have.
  public init?(_ codec: Codec, level: Int? = nil) {
    let level = level ?? (codec == .gzip ? 4 : 1)
    guard (1...(codec == .gzip ? 9 : 22)).contains(level) else { return nil }
    self.codec = codec
    self.level = level
  }

  /// `gzip 4`.
  public var description: String { "\(codec.rawValue) \(level)" }

  /// The filters of elements of so many bytes. Both may be left out of a chunk.
  func pipeline(elementBytes: Int) -> FilterPipeline {
    let shuffle = ChunkFilter(id: ChunkFilter.shuffle, isOptional: true, parameters: [UInt32(elementBytes)])
    let id = codec == .gzip ? ChunkFilter.deflate : ChunkFilter.zstd
    let compressor = ChunkFilter(id: id, isOptional: true, parameters: [UInt32(level)])
    // Two filters are fewer than a pipeline may have.
    return try! FilterPipeline(elementBytes > 1 ? [shuffle, compressor] : [compressor])
  }
}
