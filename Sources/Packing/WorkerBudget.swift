import Encodings
public import TensorModel

/// How many workers fit into a ceiling of memory.
public enum WorkerBudget {
  /// Workers that encode chunks, and so hold what encoding needs.
  /// - Parameter base: what they read beside it.
  public static func encoders(
    _ threads: Int, memory: Int, chunkBytes: Int = ChunkGrid.defaultChunkBytes, base: BaseModel? = nil
  ) -> Int {
    max(1, min(threads, memory / (EncodingWorkspace.byteCount(chunkBytes: chunkBytes) + byteCount(of: base))))
  }

  /// Workers that read chunks, each holding up to two decoded ones and what decoding needs.
  /// - Parameter base: what they read beside it.
  public static func decoders(
    _ threads: Int, memory: Int, chunkBytes: Int = ChunkGrid.defaultChunkBytes, base: BaseModel? = nil
  ) -> Int {
    max(1, min(threads, memory / (readerByteCount(chunkBytes) + byteCount(of: base))))
  }

  private static func readerByteCount(_ chunkBytes: Int) -> Int {
    DecodingWorkspace.byteCount(chunkBytes: chunkBytes) + 2 * chunkBytes
  }

  /// Nothing of a base that is not packed needs decoding.
  private static func byteCount(of base: BaseModel?) -> Int {
    guard let packed = base?.reader as? PackedModel else { return 0 }
    return readerByteCount(packed.largestChunkBytes)
  }
}
