/// How a tensor's bytes are cut into chunks: whole rows, or parts of one row cut at block boundaries.
///
/// Every chunk is a contiguous range of the tensor's bytes; chunks lie in order and cover it.
public struct ChunkGrid: Hashable, Sendable {
  public let byteCount: Int
  public let rowBytes: Int
  /// Whole rows per chunk; 0 where a chunk is a part of one row.
  public let rowsPerChunk: Int
  /// Bytes of a part of a row; 0 where chunks are whole rows.
  public let partBytes: Int

  /// Chunk sizes that a packed file may use, in dense bytes.
  public static let maximumChunkBytes = 8 << 20
  public static let defaultChunkBytes = 1 << 20

  /// The grid for `info` whose chunks come near `target` bytes without passing it, rows kept whole where they are no
  /// longer than `target`.
  public init(_ info: TensorInfo, target: Int = ChunkGrid.defaultChunkBytes) {
    byteCount = info.byteCount
    rowBytes = info.rowBytes
    if rowBytes <= target {
      rowsPerChunk = rowBytes == 0 ? 1 : max(1, target / rowBytes)
      partBytes = 0
    } else {
      rowsPerChunk = 0
      partBytes = max(1, target / info.dtype.blockBytes) * info.dtype.blockBytes
    }
  }

  /// A grid as a file states it.
  /// - Throws: `malformed` unless exactly one of `rowsPerChunk` and `partBytes` is set, parts are whole blocks no longer
  ///   than a row, and a chunk is at most `maximumChunkBytes`.
  public init(_ info: TensorInfo, rowsPerChunk: Int, partBytes: Int) throws(ModelError) {
    byteCount = info.byteCount
    rowBytes = info.rowBytes
    // More rows than there are is as many as there are: what is multiplied below stays within the tensor's bytes.
    self.rowsPerChunk = byteCount == 0 ? min(rowsPerChunk, 1) : min(rowsPerChunk, byteCount / rowBytes)
    self.partBytes = partBytes
    guard (rowsPerChunk > 0) != (partBytes > 0), rowsPerChunk >= 0, partBytes >= 0 else {
      throw ModelError(.malformed, "a chunk is \(rowsPerChunk) rows and \(partBytes) bytes, expected one of the two")
    }
    // An empty tensor has no chunks, whatever their size.
    guard byteCount > 0 else { return }
    guard partBytes % info.dtype.blockBytes == 0, partBytes <= rowBytes else {
      throw ModelError(.malformed, "a chunk is \(partBytes) bytes of a row of \(rowBytes), expected whole blocks")
    }
    guard max(self.rowsPerChunk * rowBytes, partBytes) <= Self.maximumChunkBytes else {
      throw ModelError(
        .malformed,
        "a chunk of \(rowsPerChunk) rows of \(rowBytes) bytes, expected at most \(Self.maximumChunkBytes) bytes")
    }
  }

  private var partsPerRow: Int { (rowBytes + partBytes - 1) / partBytes }
  private var rows: Int { rowBytes == 0 ? 0 : byteCount / rowBytes }

  /// The number of chunks; 0 for an empty tensor.
  public var count: Int {
    guard byteCount > 0 else { return 0 }
    if rowsPerChunk > 0 { return (rows - 1) / rowsPerChunk + 1 }
    return rows * partsPerRow
  }

  /// The tensor's bytes that chunk `index` holds.
  public func bytes(ofChunk index: Int) -> Range<Int> {
    precondition(index >= 0 && index < count)
    if rowsPerChunk > 0 {
      let start = index * rowsPerChunk * rowBytes
      return start..<(start + min(rowsPerChunk * rowBytes, byteCount - start))
    }
    let row = index / partsPerRow * rowBytes
    let part = index % partsPerRow * partBytes
    return (row + part)..<(row + min(part + partBytes, rowBytes))
  }

  /// The chunk that holds the tensor's byte `offset`.
  public func chunk(holding offset: Int) -> Int {
    precondition(offset >= 0 && offset < byteCount)
    if rowsPerChunk > 0 { return offset / rowBytes / rowsPerChunk }
    return offset / rowBytes * partsPerRow + offset % rowBytes / partBytes
  }

  /// Dense bytes of the largest chunk.
  public var largestChunkBytes: Int {
    min(rowsPerChunk > 0 ? rowsPerChunk * rowBytes : partBytes, byteCount)
  }
}
