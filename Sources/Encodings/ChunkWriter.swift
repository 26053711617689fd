import Codecs
import Kernels
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
  private let methods: StreamMethods
  public let effort: Effort
  /// The order of the chunk's elements, recorded around its mask stage.
  var order: ChunkOrder?
  /// Whether streams are also offered to zstd's match search; a tensor's plan says whether that ever pays.
  public var searchesMatches = false

  init(effort: Effort, methods: StreamMethods) {
    self.effort = effort
    self.methods = methods
  }

  /// What a stream's bytes are like.
  public enum StreamKind: Sendable {
    /// Symbols of uneven frequency: Huffman codes pay, matches rarely do.
    case symbols
    /// Close to random: stored unless a sample says otherwise.
    case noise
    /// Anything; bytes may repeat.
    case general
    /// The bits of a mask: like symbols, unless its words recur, as those of blocks, rows and columns of zeros do.
    case mask
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
    if let order, head.bytes.isEmpty {
      let wrapped = order.parameters(around: encoding, parameters)
      let stream = order.stream
      let count = streams + (stream == nil ? 0 : 1)
      appendRecord(EncodingRegistry.number(of: order.id), parameters: wrapped, streams: count)
      if let stream { unsafe stream.withUnsafeBytes { unsafe append($0, .symbols) } }
      return
    }
    appendRecord(encoding, parameters: parameters, streams: streams)
  }

  private func appendRecord(_ encoding: Int, parameters: [UInt8], streams: Int) {
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
    var best = bytes.count
    for method in unsafe methods.worthTrying(on: bytes, kind, levels: matchLevels(for: bytes, kind)) {
      switch method {
      case .huffman:
        // Written in place; a better form replaces it.
        let target = unsafe body(adding: HuffmanFrame.bound(bytes.count))
        best =
          unsafe methods.huffman.compress(bytes, into: target, limit: best, blockBytes: blockBytes(bytes.count)) ?? best
      case .level(let level):
        guard let frame = unsafe methods.frame(of: bytes, level: level), frame.count < best else { continue }
        unsafe body(adding: frame.count).copyMemory(from: frame.baseAddress!, byteCount: frame.count)
        best = frame.count
      }
    }
    guard best < bytes.count else { return unsafe appendStored(bytes) }
    head.byte(1)
    head.varint(bytes.count)
    head.varint(best)
    bodyCount += best
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

  /// Takes over a chunk's stored form.
  func adopt(_ stored: [UInt8]) {
    reset()
    unsafe body(adding: stored.count).copyMemory(from: stored, byteCount: stored.count)
    bodyCount = stored.count
  }

  /// Blocks have codes of their own: smaller ones where elements are in an order.
  private func blockBytes(_ count: Int) -> Int { order?.blockBytes(count) ?? HuffmanFrame.largestBlock }

  @unsafe private func matchLevels(for bytes: UnsafeRawBufferPointer, _ kind: StreamKind) -> [Int32] {
    if searchesMatches || effort.isExact { return effort.matchLevels }
    guard kind == .mask, unsafe RecurringWords.areCommon(in: bytes) else { return [] }
    return effort.matchLevels
  }

  private func body(adding count: Int) -> UnsafeMutableRawPointer {
    let used = Self.headRoom + bodyCount
    return unsafe buffer.grown(to: used + count, keeping: used) + used
  }
}
