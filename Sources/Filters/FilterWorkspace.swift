import Codecs

/// One worker's buffers and contexts for filters, kept for its life. Each is made when it is first needed.
@safe public struct FilterWorkspace: ~Copyable {
  /// What lies between two filters, in turns.
  private let stages = (ScratchBuffer(), ScratchBuffer())
  /// Of filters that work in blocks: a decoded one, and its byte planes.
  let block = ScratchBuffer()
  let planes = ScratchBuffer()
  private var inflater: ZlibDecompressor?
  private var deflater: ZlibCompressor?
  private var zstdDecoder: ZstdDecompressor?
  private var zstdEncoder: ZstdCompressor?

  public init() {}

  /// Room for what filter `number` of a pipeline gives: two that stand beside each other have different rooms.
  @unsafe func room(_ byteCount: Int, ofStage number: Int) -> UnsafeMutableRawBufferPointer {
    let buffer = number % 2 == 0 ? stages.0 : stages.1
    return unsafe UnsafeMutableRawBufferPointer(start: buffer.raw(byteCount), count: byteCount)
  }

  mutating func zlibDecompressor() -> ZlibDecompressor { kept(&inflater, or: ZlibDecompressor()) }

  mutating func zstdDecompressor() -> ZstdDecompressor { kept(&zstdDecoder, or: ZstdDecompressor()) }

  mutating func zstdCompressor() -> ZstdCompressor { kept(&zstdEncoder, or: ZstdCompressor()) }

  mutating func zlibCompressor(level: Int) -> ZlibCompressor {
    if deflater?.level != level { deflater = nil }
    return kept(&deflater, or: ZlibCompressor(level: level))
  }
}

/// What is kept; made where nothing is.
private func kept<Context>(_ context: inout Context?, or make: @autoclosure () -> Context) -> Context {
  if let context { return context }
  let made = make()
  context = made
  return made
}
