/// Where a chunk lies, for encodings that need to know.
@unsafe public struct ChunkPlace {
  /// Where the chunk begins in its tensor.
  public let byteOffset: Int
  /// The base's bytes at the same place, in the order in which the elements are stored, aligned for them, as many as the
  /// chunk has; nil where there is no base.
  public let base: UnsafeRawPointer?

  init(byteOffset: Int, base: UnsafeRawPointer? = nil) {
    unsafe self.byteOffset = byteOffset
    unsafe self.base = unsafe base
  }
}
