/// A filter as a dataset's filter pipeline lists it.
public struct ChunkFilter: Hashable, Sendable {
  /// The number under which the HDF Group has registered it.
  public let id: Int
  /// Whether a writer may leave it out of a chunk, by bit 0 of its flags.
  public let isOptional: Bool
  public let parameters: [UInt32]

  public init(id: Int, isOptional: Bool = false, parameters: [UInt32] = []) {
    self.id = id
    self.isOptional = isOptional
    self.parameters = parameters
  }
}

extension ChunkFilter {
  /// What the filter is called, with the setting that matters: `gzip 6`, `shuffle`, `filter 32999`.
  public var description: String {
    guard let name = Self.names[id] else { return "filter \(id)" }
    switch id {
    case Self.deflate, Self.zstd: return parameters.first.map { "\(name) \(Int32(bitPattern: $0))" } ?? name
    default: return name
    }
  }

  package static let deflate = 1
  package static let shuffle = 2
  package static let fletcher32 = 3
  static let lzf = 32000
  static let lz4 = 32004
  static let bitshuffle = 32008
  package static let zstd = 32015

  /// Those that are undone here and the commonest of the others.
  private static let names = [
    deflate: "gzip", shuffle: "shuffle", fletcher32: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset",
    307: "bzip2", lzf: "lzf", 32001: "blosc", 32003: "snappy", lz4: "lz4", bitshuffle: "bitshuffle", 32013: "zfp",
    zstd: "zstd", 32017: "sz", 32024: "sz3", 32026: "blosc2",
  ]
}
