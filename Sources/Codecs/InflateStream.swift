import CZlib
package import TensorModel

/// Decodes one raw deflate stream (RFC 1951) piece by piece, for content that memory need not hold.
@safe package final class InflateStream {
  /// On the heap, for zlib remembers its address.
  private let stream: UnsafeMutablePointer<z_stream>

  package init() {
    unsafe stream = ZlibPieces.makeStream()
    // A negative number of bits says that no header and no checksum are around the stream.
    let status = unsafe inflateInit2_(stream, -MAX_WBITS, ZLIB_VERSION, ZlibPieces.streamBytes)
    precondition(status == Z_OK, "no memory for zlib")
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// What one step has done.
  package struct Step {
    package let consumed: Int
    package let produced: Int
    package let isAtEnd: Bool
  }

  /// Decodes from the front of `source`, all that is left of the stream, until `target` is full or the stream ends.
  /// - Throws: `malformed`, with the offset in `source`, where the stream is broken or ends early.
  @unsafe package func step(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(ModelError) -> Step {
    var pieces = unsafe ZlibPieces(source: source, target: target)
    _ = unsafe pieces.lend(to: stream)
    let status = unsafe inflate(stream, Z_NO_FLUSH)
    unsafe pieces.takeBack(from: stream)
    guard status == Z_OK || status == Z_STREAM_END else {
      let reason = unsafe stream.pointee.msg.map { "is broken: \(unsafe String(cString: $0))" } ?? "ends early"
      throw ModelError(.malformed, "a deflate stream \(reason)", at: pieces.consumed)
    }
    return Step(consumed: pieces.consumed, produced: pieces.produced, isAtEnd: status == Z_STREAM_END)
  }
}

/// The checksum of ZIP and PNG (ISO 3309), of bytes that come in pieces.
package struct CRC32 {
  package private(set) var value: UInt32 = 0

  package init() {}

  /// Behind what was summed comes what has this checksum.
  package mutating func append(_ sum: UInt32, byteCount: Int) {
    value = UInt32(crc32_combine(UInt(value), UInt(sum), byteCount))
  }

  /// Behind what was summed come so many zeros, however many that is.
  package mutating func appendZeros(_ count: Int) {
    // Of as many zeros as a power of two, from one on.
    var (power, powerBytes) = (CRC32(), 1)
    let zero: [UInt8] = [0]
    power.update(unsafe zero.span.bytes)
    var rest = count
    while rest > 0 {
      if rest & 1 == 1 { append(power.value, byteCount: powerBytes) }
      power.append(power.value, byteCount: powerBytes)
      powerBytes *= 2
      rest >>= 1
    }
  }

  package mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe value = UInt32(crc32_z(UInt(value), start.assumingMemoryBound(to: Bytef.self), bytes.count))
    }
  }
}
