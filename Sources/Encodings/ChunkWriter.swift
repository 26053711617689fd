import TensorModel

/// Builds the stored form of one chunk: the records of its stages, then the bodies of their streams.
///
/// Kept and used again by one worker; `reset` starts a new chunk.
@safe public final class ChunkWriter {
  /// Room in front of the bodies, so that records and bodies end up in one piece. The longest records are far below it.
  private static let headRoom = 1024

  private let buffer = ScratchBuffer()
  private var head = ByteWriter()
  private var bodyCount = 0
  private let compressor: ZstdCompressor
  private let trial = ScratchBuffer()
  private let sample = ScratchBuffer()
  public let effort: Effort
  /// Whether streams are also offered to zstd's match search; a tensor's plan says whether that ever pays.
  public var searchesMatches = false

  init(effort: Effort, compressor: ZstdCompressor) {
    self.effort = effort
    self.compressor = compressor
  }

  /// What a stream's bytes are like.
  public enum StreamKind: Sendable {
    /// Symbols of uneven frequency: Huffman codes pay, matches rarely do.
    case symbols
    /// Close to random: stored unless a sample says otherwise.
    case noise
    /// Anything; bytes may repeat.
    case general
  }

  public func reset() {
    head.removeAll()
    bodyCount = 0
  }

  /// Bytes of the chunk so far.
  public var byteCount: Int { head.bytes.count + bodyCount }

  /// A place to come back to with `rollBack`.
  public struct Mark {
    fileprivate let head: Int
    fileprivate let body: Int
  }

  public var mark: Mark { Mark(head: head.bytes.count, body: bodyCount) }

  public func rollBack(to mark: Mark) {
    head.truncate(to: mark.head)
    bodyCount = mark.body
  }

  /// Begins a stage; its streams follow in order, `streams` of them.
  public func beginStage(_ encoding: Int, parameters: [UInt8], streams: Int) {
    head.varint(encoding)
    head.varint(parameters.count)
    head.append(parameters)
    head.varint(streams)
  }

  /// Appends a stream as it is.
  @unsafe public func appendStored(_ bytes: UnsafeRawBufferPointer) {
    head.byte(0)
    head.varint(bytes.count)
    let target = unsafe body(adding: bytes.count)
    if let base = bytes.baseAddress { unsafe target.copyMemory(from: base, byteCount: bytes.count) }
    bodyCount += bytes.count
  }

  /// Appends a stream in the form that is smallest, as far as the effort goes into finding it.
  @unsafe public func append(_ bytes: UnsafeRawBufferPointer, _ kind: StreamKind) {
    var best: (method: ZstdMethod, size: Int)?
    let methods = unsafe self.methods(for: bytes, kind)
    for (number, method) in methods.enumerated() {
      // The first attempt is made in place; a better one replaces it.
      let limit = (best?.size ?? bytes.count) - 1
      guard limit > 0 else { break }
      if number == 0 {
        let target = unsafe body(adding: ZstdCompressor.bound(bytes.count))
        let room = unsafe UnsafeMutableRawBufferPointer(start: target, count: ZstdCompressor.bound(bytes.count))
        if let size = unsafe compressor.compress(bytes, into: room, method), size <= limit { best = (method, size) }
      } else {
        let room = unsafe UnsafeMutableRawBufferPointer(
          start: trial.raw(ZstdCompressor.bound(bytes.count)), count: ZstdCompressor.bound(bytes.count))
        if let size = unsafe compressor.compress(bytes, into: room, method), size <= limit {
          unsafe body(adding: size).copyMemory(from: room.baseAddress!, byteCount: size)
          best = (method, size)
        }
      }
    }
    guard let best else { return unsafe appendStored(bytes) }
    head.byte(1)
    head.varint(bytes.count)
    head.varint(best.size)
    bodyCount += best.size
  }

  /// The stored form of the chunk, valid until the writer is used again.
  @unsafe public func finish() -> UnsafeRawBufferPointer {
    precondition(head.bytes.count <= Self.headRoom)
    let start =
      unsafe buffer.grown(to: Self.headRoom + bodyCount, keeping: Self.headRoom + bodyCount)
      + (Self.headRoom - head.bytes.count)
    unsafe head.bytes.withUnsafeBytes { unsafe start.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    return unsafe UnsafeRawBufferPointer(start: start, count: head.bytes.count + bodyCount)
  }

  /// The methods to try on a stream, in order.
  private func methods(for bytes: UnsafeRawBufferPointer, _ kind: StreamKind) -> [ZstdMethod] {
    guard bytes.count >= 16 else { return [] }
    let matches: [ZstdMethod] = searchesMatches || effort.isExact ? effort.matchLevels.map { .level($0) } : []
    let all = [.huffman] + matches
    if bytes.count < 4096 { return all }
    if kind == .symbols && matches.isEmpty { return [.huffman] }
    // A sample of a sixteenth, in four pieces, tells which method to take, and whether any.
    let piece = max(2048, bytes.count / 64)
    guard bytes.count > 4 * piece else { return all }
    let copy = unsafe sample.raw(4 * piece)
    for number in 0..<4 {
      let from = unsafe bytes.baseAddress! + (bytes.count - piece) / 3 * number
      unsafe (copy + number * piece).copyMemory(from: from, byteCount: piece)
    }
    let source = unsafe UnsafeRawBufferPointer(start: copy, count: 4 * piece)
    let room = unsafe UnsafeMutableRawBufferPointer(
      start: trial.raw(ZstdCompressor.bound(source.count)), count: ZstdCompressor.bound(source.count))
    let sizes = all.map { method in
      unsafe (method, compressor.compress(source, into: room, method) ?? source.count)
    }
    // Each 2 KiB sampled carries a table of its own where whole streams share one: hence the kind margin of a hundredth.
    guard let best = sizes.min(by: { $0.1 < $1.1 }), best.1 < source.count - source.count / 100 else {
      return kind == .symbols ? [.huffman] : []
    }
    // A match search that gains next to nothing is not worth its time, at any level.
    guard best.1 < sizes[0].1 - sizes[0].1 / 200 else { return [.huffman] }
    return [best.0]
  }

  private func body(adding count: Int) -> UnsafeMutableRawPointer {
    let used = Self.headRoom + bodyCount
    return unsafe buffer.grown(to: used + count, keeping: used) + used
  }
}
