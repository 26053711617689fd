/// Compresses whole small structures, outside of chunks.
public enum FrameCodec {
  /// A zstd frame of `bytes`, or `bytes` themselves where a frame would not be smaller.
  public static func compressed(_ bytes: [UInt8], level: Int32) -> [UInt8] {
    guard bytes.count > 64 else { return bytes }
    let bound = ZstdCompressor.bound(bytes.count)
    let frame = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      count = unsafe bytes.withUnsafeBytes { source in
        unsafe ZstdCompressor().compress(source, into: UnsafeMutableRawBufferPointer(buffer), .level(level)) ?? bound
      }
    }
    return frame.count < bytes.count ? frame : bytes
  }
}
