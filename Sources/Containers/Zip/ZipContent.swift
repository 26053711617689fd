import ByteStore
import Codecs
import TensorModel

/// The bytes of a member, proved by its checksum.
extension ZipMember {
  /// All of a small member.
  /// - Parameter limit: how many bytes it may have.
  /// - Throws: `malformed` where it has more, or is not what the archive says.
  func contents(in archive: borrowing MappedFile, limit: Int) throws(ModelError) -> [UInt8] {
    guard byteCount <= limit else {
      throw ModelError(.malformed, "\(byteCount) bytes, expected \(limit) at most", at: range.lowerBound)
    }
    var contents: [UInt8] = []
    contents.reserveCapacity(byteCount)
    try read(from: archive) { (bytes, _) throws(ModelError) in
      unsafe bytes.withUnsafeBytes { unsafe contents.append(contentsOf: $0) }
    }
    return contents
  }

  /// A deflated member as a file of its own.
  /// - Throws: `malformed` where it holds more than `expansion` times what is stored, for so much is no model, or is not
  ///   what the archive says; what making and writing a temporary file throws.
  func extracted(from archive: borrowing MappedFile, expansion: Int) throws(ModelError) -> TemporaryFile {
    guard byteCount / max(expansion, 1) <= range.count else {
      throw ModelError(
        .malformed, "\(byteCount) bytes are stored in \(range.count), expected 1/\(expansion) of them at least",
        at: range.lowerBound)
    }
    let file = try TemporaryFile(byteCount: byteCount)
    try read(from: archive) { (bytes, offset) throws(ModelError) in try file.write(bytes, at: offset) }
    return file
  }

  /// Reads all of it, and keeps nothing.
  /// - Parameter progress: is told of bytes of the archive that were read.
  /// - Throws: `malformed` where it is not what the archive says.
  func prove(in archive: borrowing MappedFile, _ progress: (Int) -> Void) throws(ModelError) {
    try read(from: archive, progress) { (_, _) in }
  }

  /// Lends the content from front to back, each piece with its place in it.
  private func read(
    from archive: borrowing MappedFile, _ progress: (Int) -> Void = { _ in },
    _ body: (RawSpan, Int) throws(ModelError) -> Void
  ) throws(ModelError) {
    var sum = CRC32()
    var filled = 0
    func take(_ bytes: RawSpan) throws(ModelError) {
      guard bytes.byteCount <= byteCount - filled else { throw wrongSize("more than \(byteCount)") }
      sum.update(bytes)
      try body(bytes, filled)
      filled += bytes.byteCount
    }
    switch method {
    case .stored: try lend(archive, progress, take)
    case .deflated: try inflate(archive, progress, take)
    }
    guard filled == byteCount else { throw wrongSize("\(filled)") }
    guard sum.value == crc32 else {
      throw ModelError(.malformed, "its checksum is \(sum.value), expected \(crc32)", at: range.lowerBound)
    }
  }

  private func wrongSize(_ found: String) -> ModelError {
    ModelError(.malformed, "decodes to \(found) bytes, expected \(byteCount)", at: range.lowerBound)
  }

  private static let pieceBytes = 1 << 20

  private func lend(
    _ archive: borrowing MappedFile, _ progress: (Int) -> Void, _ take: (RawSpan) throws(ModelError) -> Void
  ) throws(ModelError) {
    var position = range.lowerBound
    while position < range.upperBound {
      let piece = position..<min(position + Self.pieceBytes, range.upperBound)
      try archive.withBytes(piece) { (bytes) throws(ModelError) in try take(bytes) }
      archive.release(piece)
      progress(piece.count)
      position = piece.upperBound
    }
  }

  private func inflate(
    _ archive: borrowing MappedFile, _ progress: (Int) -> Void, _ take: (RawSpan) throws(ModelError) -> Void
  ) throws(ModelError) {
    let stream = InflateStream()
    let buffer = ScratchBuffer()
    let target = unsafe UnsafeMutableRawBufferPointer(start: buffer.raw(Self.pieceBytes), count: Self.pieceBytes)
    var position = range.lowerBound
    while true {
      let step = try archive.withBytes(position..<range.upperBound) { (bytes) throws(ModelError) in
        try unsafe bytes.withUnsafeBytes { (source) throws(ModelError) in
          do throws(ModelError) {
            return try unsafe stream.step(source, into: target)
          } catch {
            var error = error
            error.byteOffset = position + (error.byteOffset ?? 0)
            throw error
          }
        }
      }
      try take(unsafe RawSpan(_unsafeStart: target.baseAddress!, byteCount: step.produced))
      archive.release(position..<(position + step.consumed))
      progress(step.consumed)
      position += step.consumed
      if step.isAtEnd { break }
    }
    guard position == range.upperBound else {
      throw ModelError(.malformed, "\(range.upperBound - position) bytes too many behind a stream", at: position)
    }
  }
}
