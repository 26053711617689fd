import TensorModel

/// The frame that the filters LZ4 and bitshuffle put around their blocks: the bytes of the content and of a block, then each
/// block behind the number of its stored bytes. All numbers are big-endian.
@safe struct BlockFrame {
  static let headerBytes = 12

  let contentBytes: Int
  let blockBytes: Int
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = headerBytes

  /// - Throws: `malformed` where there is no header, or it claims another size than the expected one.
  @unsafe init(_ bytes: UnsafeRawBufferPointer, expecting size: FilteredSize) throws(ModelError) {
    guard bytes.count >= Self.headerBytes else {
      throw ModelError(.malformed, "expected a header of \(Self.headerBytes) bytes, found \(bytes.count)")
    }
    unsafe self.bytes = unsafe bytes
    contentBytes = unsafe Int(clamping: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
    blockBytes = unsafe Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    try size.demand(contentBytes)
    guard blockBytes > 0 || contentBytes == 0 else {
      throw ModelError(.malformed, "expected blocks of at least 1 byte", at: 8)
    }
  }

  private var remaining: Int { unsafe bytes.count - position }

  /// The stored bytes of the next block.
  @unsafe mutating func nextBlock() throws(ModelError) -> UnsafeRawBufferPointer {
    guard remaining >= 4 else {
      throw ModelError(.malformed, "expected the size of a block, \(remaining) bytes are left", at: position)
    }
    let count = unsafe Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
    position += 4
    return try unsafe take(count)
  }

  /// The next `count` bytes.
  @unsafe mutating func take(_ count: Int) throws(ModelError) -> UnsafeRawBufferPointer {
    guard count <= remaining else {
      throw ModelError(.malformed, "a block of \(count) bytes, \(remaining) are left", at: position)
    }
    defer { position += count }
    return unsafe UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
  }

  /// Runs a block's decoder, whose errors count from the block's start.
  func inBlock<Result>(
    _ block: UnsafeRawBufferPointer, _ body: () throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    do {
      return try body()
    } catch {
      var error = error
      error.byteOffset = position - block.count + (error.byteOffset ?? 0)
      throw error
    }
  }

  /// Demands that the frame ends here.
  func end() throws(ModelError) {
    guard remaining == 0 else {
      throw ModelError(.malformed, "\(remaining) bytes too many behind the last block", at: position)
    }
  }
}
