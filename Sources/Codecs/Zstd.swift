import CZstd
package import TensorModel

/// One worker's zstd context for ordinary levels. Frames carry their content size and no checksum.
@safe package final class ZstdCompressor {
  private let context: OpaquePointer

  package init() {
    guard let context = unsafe ZSTD_createCCtx() else { preconditionFailure("no memory for a zstd context") }
    _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0)
    _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1)
    unsafe self.context = unsafe context
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  package static func bound(_ byteCount: Int) -> Int { ZSTD_compressBound(byteCount) }

  /// Compresses `source` into `target` at a level of zstd; nil where it does not fit.
  @unsafe package func compress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, level: Int32
  ) -> Int? {
    _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    let size = unsafe ZSTD_compress2(
      context, target.baseAddress, target.count, source.baseAddress, source.count)
    return ZSTD_isError(size) != 0 ? nil : size
  }
}

/// Decodes frames that announce exactly the size that is expected of them.
@safe package final class ZstdDecompressor {
  private let context: OpaquePointer

  package init() {
    guard let context = unsafe ZSTD_createDCtx() else { preconditionFailure("no memory for a zstd context") }
    unsafe self.context = unsafe context
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// What the header of the frame at the start of `source` announces, in bytes; nil where it announces nothing or is none.
  @unsafe package static func announcedByteCount(_ source: UnsafeRawBufferPointer) -> UInt64? {
    let announced = unsafe ZSTD_getFrameContentSize(source.baseAddress, source.count)
    // The two largest numbers are ZSTD_CONTENTSIZE_UNKNOWN and ZSTD_CONTENTSIZE_ERROR, macros that don't come through.
    return announced < UInt64.max - 1 ? announced : nil
  }

  /// Decodes the one frame that fills `source` into all of `target`.
  /// - Parameter windowLimit: the largest window that a frame may ask for, in bytes.
  /// - Throws: `malformed` where `source` is anything but one frame of exactly that size.
  @unsafe package func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, windowLimit: UInt64 = 8 << 20
  ) throws(ModelError) {
    guard unsafe ZSTD_findFrameCompressedSize(source.baseAddress, source.count) == source.count else {
      throw ModelError(.malformed, "expected one zstd frame of \(source.count) bytes")
    }
    guard unsafe Self.announcedByteCount(source) == UInt64(target.count) else {
      throw ModelError(.malformed, "a zstd frame announces another size than \(target.count) bytes")
    }
    guard let window = unsafe Self.windowBytes(source, contentBytes: UInt64(target.count)), window <= windowLimit else {
      throw ModelError(.malformed, "a zstd frame asks for a dictionary or too large a window")
    }
    let size = unsafe ZSTD_decompressDCtx(context, target.baseAddress, target.count, source.baseAddress, source.count)
    guard ZSTD_isError(size) == 0, size == target.count else {
      let reason = ZSTD_isError(size) != 0 ? unsafe String(cString: ZSTD_getErrorName(size)) : "\(size) bytes"
      throw ModelError(.malformed, "a zstd frame does not decode to \(target.count) bytes: \(reason)")
    }
  }

  /// The window that a frame's header asks for (RFC 8878, 3.1.1.1.2); that of a frame of one segment is its content.
  private static func windowBytes(_ frame: UnsafeRawBufferPointer, contentBytes: UInt64) -> UInt64? {
    guard frame.count >= 6, unsafe frame.loadUnaligned(as: UInt32.self) == 0xFD2F_B528 else { return nil }
    let isSingleSegment = unsafe frame[4] & 0x20 != 0
    let usesDictionary = unsafe frame[4] & 3 != 0
    guard !usesDictionary else { return nil }
    if isSingleSegment { return contentBytes }
    let base = unsafe UInt64(1) << (10 + UInt64(frame[5] >> 3))
    return unsafe base + base / 8 * UInt64(frame[5] & 7)
  }
}
