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

/// What zlib has read and written of two buffers. It counts in 32 bits, so larger ones are lent piece by piece.
@safe private struct ZlibPieces {
  static let pieceBytes = 1 << 30
  static let streamBytes = unsafe Int32(MemoryLayout<z_stream>.size)

  let source: UnsafeRawBufferPointer
  let target: UnsafeMutableRawBufferPointer
  private(set) var consumed = 0
  private(set) var produced = 0

  @unsafe init(source: UnsafeRawBufferPointer, target: UnsafeMutableRawBufferPointer) {
    unsafe self.source = unsafe source
    unsafe self.target = unsafe target
  }

  static func makeStream() -> UnsafeMutablePointer<z_stream> {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    return unsafe stream
  }

  /// Whether nothing of the source is left.
  var isRead: Bool { unsafe consumed == source.count }

  /// Lends the next piece of both; whether it is the last of them.
  @unsafe func lend(to stream: UnsafeMutablePointer<z_stream>) -> (source: Bool, target: Bool) {
    // zlib takes no null; of an empty buffer it reads nothing and writes nothing, so any address will do.
    let nothing = UnsafeMutableRawPointer(stream)
    let (from, to) = unsafe (source.baseAddress ?? UnsafeRawPointer(nothing), target.baseAddress ?? nothing)
    let (input, output) = pieceSizes
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: (from + consumed).assumingMemoryBound(to: Bytef.self))
    unsafe stream.pointee.avail_in = UInt32(input)
    unsafe stream.pointee.next_out = (to + produced).assumingMemoryBound(to: Bytef.self)
    unsafe stream.pointee.avail_out = UInt32(output)
    return unsafe (consumed + input == source.count, produced + output == target.count)
  }

  @unsafe mutating func takeBack(from stream: UnsafeMutablePointer<z_stream>) {
    let (input, output) = pieceSizes
    unsafe consumed += input - Int(stream.pointee.avail_in)
    unsafe produced += output - Int(stream.pointee.avail_out)
  }

  private var pieceSizes: (input: Int, output: Int) {
    unsafe (min(source.count - consumed, Self.pieceBytes), min(target.count - produced, Self.pieceBytes))
  }
}
