import CZlib
package import TensorModel

/// One worker's state for decoding zlib streams (RFC 1950).
@safe package final class ZlibDecompressor {
  /// On the heap, for zlib remembers its address.
  private let stream: UnsafeMutablePointer<z_stream>

  package init() {
    unsafe stream = ZlibPieces.makeStream()
    let status = unsafe inflateInit_(stream, ZLIB_VERSION, ZlibPieces.streamBytes)
    precondition(status == Z_OK, "no memory for zlib")
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Decodes the one stream that fills `source` into the front of `target`, and returns how many bytes it gave.
  /// - Throws: `malformed`, with the offset in `source`, where the stream is broken, ends early, gives more than `target`
  ///   holds, or has bytes behind it.
  @unsafe package func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(ModelError) -> Int {
    unsafe inflateReset(stream)
    var pieces = unsafe ZlibPieces(source: source, target: target)
    var status = Z_OK
    while status == Z_OK {
      let isLast = unsafe pieces.lend(to: stream)
      // Where it is told that nothing follows, zlib keeps no window of its own.
      status = unsafe inflate(stream, isLast.source && isLast.target ? Z_FINISH : Z_NO_FLUSH)
      unsafe pieces.takeBack(from: stream)
    }
    guard status == Z_STREAM_END else {
      let reason = reason(status, pieces)
      throw ModelError(.malformed, "a zlib stream of \(source.count) bytes \(reason)", at: pieces.consumed)
    }
    guard pieces.consumed == source.count else {
      throw ModelError(
        .malformed, "\(source.count - pieces.consumed) bytes too many behind a zlib stream", at: pieces.consumed)
    }
    return pieces.produced
  }

  private func reason(_ status: Int32, _ pieces: ZlibPieces) -> String {
    switch status {
    case Z_BUF_ERROR where pieces.isRead: "ends early"
    case Z_BUF_ERROR: "gives more than the \(pieces.produced) bytes expected"
    case Z_NEED_DICT: "asks for a dictionary"
    default: unsafe stream.pointee.msg.map { "is broken: \(unsafe String(cString: $0))" } ?? "is broken"
    }
  }
}

/// One worker's state for writing zlib streams at one level, as zlib's `compress2` writes them.
@safe package final class ZlibCompressor {
  package let level: Int
  private let stream: UnsafeMutablePointer<z_stream>

  /// - Parameter level: 0 to 9.
  package init(level: Int) {
    precondition((0...9).contains(level))
    self.level = level
    unsafe stream = ZlibPieces.makeStream()
    let status = unsafe deflateInit_(stream, Int32(level), ZLIB_VERSION, ZlibPieces.streamBytes)
    precondition(status == Z_OK, "no memory for zlib")
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// How many bytes the stream of `byteCount` bytes takes at most.
  package static func bound(_ byteCount: Int) -> Int { Int(compressBound(UInt(byteCount))) }

  /// Writes `source` as one stream to the front of `target`, and returns its bytes; nil where it does not fit.
  @unsafe package func compress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> Int? {
    unsafe deflateReset(stream)
    var pieces = unsafe ZlibPieces(source: source, target: target)
    var status = Z_OK
    while status == Z_OK {
      let isLast = unsafe pieces.lend(to: stream)
      status = unsafe deflate(stream, isLast.source ? Z_FINISH : Z_NO_FLUSH)
      unsafe pieces.takeBack(from: stream)
    }
    return status == Z_STREAM_END ? pieces.produced : nil
  }
}
