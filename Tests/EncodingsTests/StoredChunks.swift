internal import TensorModel

@testable internal import Encodings

/// Decodes stored chunks from memory that is as long as they are.
enum StoredChunks {
  static func decode(
    _ stored: [UInt8], at byteOffset: Int, byteCount: Int, names: [String] = EncodingRegistry.names
  ) throws(ModelError) -> [UInt8] {
    let target = ScratchBuffer()
    let room = unsafe UnsafeMutableRawBufferPointer(start: target.raw(byteCount), count: byteCount)
    // Copied: the closure of `withUnsafeBytes` would lose the type of the error.
    let source = ScratchBuffer()
    let copy = unsafe source.raw(stored.count)
    for (index, byte) in stored.enumerated() { unsafe copy.storeBytes(of: byte, toByteOffset: index, as: UInt8.self) }
    try unsafe ChunkCodec.decode(
      UnsafeRawBufferPointer(start: copy, count: stored.count), at: byteOffset, names: names, shared: .none, into: room,
      DecodingWorkspace())
    return unsafe [UInt8](room)
  }
}
