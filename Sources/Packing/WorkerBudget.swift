import Encodings
public import TensorModel

/// How many workers fit into a ceiling of memory.
public enum WorkerBudget {
  /// Workers that encode chunks, and so hold what encoding needs.
  public static func encoders(_ threads: Int, memory: Int, chunkBytes: Int = ChunkGrid.defaultChunkBytes) -> Int {
    max(1, min(threads, memory / EncodingWorkspace.byteCount(chunkBytes: chunkBytes)))
  }

  /// Workers that read chunks, each holding up to two decoded ones and what decoding needs.
  public static func decoders(_ threads: Int, memory: Int, chunkBytes: Int = ChunkGrid.defaultChunkBytes) -> Int {
    max(1, min(threads, memory / (DecodingWorkspace.byteCount(chunkBytes: chunkBytes) + 2 * chunkBytes)))
  }
}
