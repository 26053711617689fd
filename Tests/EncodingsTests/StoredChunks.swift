internal import Codecs
internal import TensorModel

@testable internal import Encodings

/// Decodes stored chunks from memory that is as long as they are.
enum StoredChunks {
  static func decode(
    _ stored: [UInt8], at byteOffset: Int, byteCount: Int, base: [UInt8]? = nil,
    names: [String] = EncodingRegistry.names
  ) throws(ModelError) -> [UInt8] {
    let target = ScratchBuffer()
    let room = unsafe UnsafeMutableRawBufferPointer(start: target.raw(byteCount), count: byteCount)
    // Copied: the closure of `withUnsafeBytes` would lose the type of the error.
    let (source, baseSource) = (ScratchBuffer(), ScratchBuffer())
    // A base is lent at any address.
    let shifted = unsafe copy([0] + (base ?? []), to: baseSource)
    let baseBytes = unsafe base == nil ? nil : UnsafeRawBufferPointer(rebasing: shifted[1...])
    try unsafe ChunkCodec.decode(
      copy(stored, to: source), at: byteOffset, names: names, shared: .none, base: baseBytes, into: room,
      DecodingWorkspace())
    withExtendedLifetime((source, baseSource)) {}
    return unsafe [UInt8](room)
  }

  @unsafe private static func copy(_ bytes: [UInt8], to buffer: ScratchBuffer) -> UnsafeRawBufferPointer {
    let copy = unsafe buffer.raw(bytes.count)
    for (index, byte) in bytes.enumerated() { unsafe copy.storeBytes(of: byte, toByteOffset: index, as: UInt8.self) }
    return unsafe UnsafeRawBufferPointer(start: copy, count: bytes.count)
  }
}
