import Codecs
public import TensorModel

/// Compresses whole small structures, outside of chunks.
public enum FrameCodec {
  /// A zstd frame of `bytes`, or `bytes` themselves where a frame would not be smaller.
  public static func compressed(_ bytes: [UInt8], level: Int32) -> [UInt8] {
    guard bytes.count > 64 else { return bytes }
    let bound = ZstdCompressor.bound(bytes.count)
    let frame = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      count = unsafe bytes.withUnsafeBytes { source in
        unsafe ZstdCompressor().compress(source, into: UnsafeMutableRawBufferPointer(buffer), level: level) ?? bound
      }
    }
    return frame.count < bytes.count ? frame : bytes
  }
}

extension FrameCodec {
  /// Decodes the one frame that fills `bytes`.
  /// - Throws: `malformed` unless it announces and gives exactly `byteCount` bytes. The caller bounds that number.
  public static func decompressed(_ bytes: RawSpan, byteCount: Int) throws(ModelError) -> [UInt8] {
    let buffer = ScratchBuffer()
    return try unsafe bytes.withUnsafeBytes { (source) throws(ModelError) in
      let target = unsafe UnsafeMutableRawBufferPointer(start: buffer.raw(byteCount), count: byteCount)
      try unsafe ZstdDecompressor().decompress(source, into: target)
      return unsafe [UInt8](target)
    }
  }
}
