import Codecs
import Kernels
public import TensorModel

/// One encoding worker's buffers and zstd contexts, kept for its life.
@safe public final class EncodingWorkspace {
  /// The source's bytes, where they are not aligned in the file.
  let aligned = ScratchBuffer()
  let bitmap = ScratchBuffer()
  let packed = ScratchBuffer()
  let signs = ScratchBuffer()
  let gaps = ScratchBuffer()
  let symbols = ScratchBuffer()
  let escapes = ScratchBuffer()
  let planes = ScratchBuffer()
  let fields = ScratchBuffer()
  /// Of grids and palettes: elements as numbers, levels, and codes, where other encodings have what they need alone; one
  /// group of numbers, and products.
  var numbers: ScratchBuffer { planes }
  var multiples: ScratchBuffer { escapes }
  var codes: ScratchBuffer { fields }
  let gathered = ScratchBuffer()
  /// The groups of the chunk's mask, where the tensor has any.
  var groups: MaskGroups?
  let products = ScratchBuffer()
  lazy var palette = Palette()
  /// The chunk with its rows or elements in order.
  let ordered = ScratchBuffer()
  /// The base's bytes, aligned, and in the order of their magnitudes.
  let base = ScratchBuffer()
  let sortedBase = ScratchBuffer()
  let counters = ScratchBuffer()
  /// The best chunk so far, and the one that is being tried.
  var best: ChunkWriter
  var attempt: ChunkWriter

  public init(effort: Effort) {
    let methods = StreamMethods()
    best = ChunkWriter(effort: effort, methods: methods)
    attempt = ChunkWriter(effort: effort, methods: methods)
  }

  public var effort: Effort { best.effort }

  /// Lends the stored form of the chunk that was encoded last.
  public func withEncoded<Result>(_ body: (RawSpan) throws(ModelError) -> Result) throws(ModelError) -> Result {
    try unsafe body(RawSpan(_unsafeBytes: best.finish()))
  }

  /// Bytes of that form.
  public var encodedByteCount: Int { best.byteCount }

  /// The order of elements that the next chunks are written with.
  var order: ChunkOrder? {
    get { best.order }
    set { (best.order, attempt.order) = (newValue, newValue) }
  }

  func keepAttempt() { swap(&best, &attempt) }

  /// An upper bound of a worker's memory for chunks of that many dense bytes, in bytes: the buffers above, two written
  /// chunks and zstd's contexts.
  public static func byteCount(chunkBytes: Int) -> Int { 14 * chunkBytes + (8 << 20) }
}

/// One decoding worker's buffers and zstd context, kept for its life.
@safe public final class DecodingWorkspace {
  let bitmap = ScratchBuffer()
  let packed = ScratchBuffer()
  /// Of grids and palettes: codes, those of all elements, products, and which elements are not zeros.
  let codes = ScratchBuffer()
  let denseCodes = ScratchBuffer()
  let products = ScratchBuffer()
  let zeroBits = ScratchBuffer()
  /// The chunk with its rows or elements in the order in which they are stored.
  let ordered = ScratchBuffer()
  /// The base's bytes, aligned, and in that order.
  let base = ScratchBuffer()
  let sortedBase = ScratchBuffer()
  let counters = ScratchBuffer()
  private var streams: [ScratchBuffer] = []
  /// Made for the first frame: files are opened by the thousand that hold none.
  private lazy var zstd = ZstdDecompressor()

  public init() {}

  /// Lends a stream's bytes, decoded if need be. Up to `slot` + 1 streams stay valid at the same time.
  @unsafe func bytes(
    _ stream: StoredChunk.Stream, of chunk: UnsafeRawBufferPointer, slot: Int
  ) throws(ModelError) -> UnsafeRawBufferPointer {
    let body = unsafe UnsafeRawBufferPointer(rebasing: chunk[stream.body])
    guard stream.isCompressed else { return unsafe body }
    while streams.count <= slot { streams.append(ScratchBuffer()) }
    let target = unsafe UnsafeMutableRawBufferPointer(
      start: streams[slot].raw(stream.byteCount), count: stream.byteCount)
    try unsafe zstd.decompress(body, into: target)
    return UnsafeRawBufferPointer(target)
  }

  /// Decodes the zstd frame `source` into `target`, whole.
  @unsafe public func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(ModelError) {
    try unsafe zstd.decompress(source, into: target)
  }

  /// An upper bound of a worker's memory for chunks of that many dense bytes, in bytes.
  public static func byteCount(chunkBytes: Int) -> Int { 8 * chunkBytes + (1 << 20) }
}

/// A stage of a stored chunk, from which a decoder takes parameters and streams.
@safe public struct StageReader {
  public let parameters: [UInt8]
  private let stage: StoredChunk.Stage
  private let chunk: UnsafeRawBufferPointer
  private let firstSlot: Int
  private let workspace: DecodingWorkspace

  @unsafe init(
    _ stage: StoredChunk.Stage, of chunk: UnsafeRawBufferPointer, firstSlot: Int, _ workspace: DecodingWorkspace
  ) {
    parameters = stage.parameters
    self.stage = stage
    unsafe self.chunk = unsafe chunk
    self.firstSlot = firstSlot
    self.workspace = workspace
  }

  /// The stage within another: its own parameters, and the streams behind the first `skipped`.
  init(_ outer: StageReader, parameters: [UInt8], skipping skipped: Int) {
    self.parameters = parameters
    stage = StoredChunk.Stage(
      encoding: outer.stage.encoding, parameters: parameters, streams: Array(outer.stage.streams.dropFirst(skipped)))
    unsafe chunk = unsafe outer.chunk
    firstSlot = outer.firstSlot + skipped
    workspace = outer.workspace
  }

  public var streamCount: Int { stage.streams.count }

  public func byteCount(ofStream number: Int) -> Int { stage.streams[number].byteCount }

  public func isCompressed(stream number: Int) -> Bool { stage.streams[number].isCompressed }

  /// Demands that many streams.
  public func expectStreams(_ range: ClosedRange<Int>) throws(ModelError) {
    guard range.contains(stage.streams.count) else {
      let expected = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw ModelError(.malformed, "a stage has \(stage.streams.count) streams, expected \(expected)")
    }
  }

  /// Lends stream `number`, which must decode to exactly `byteCount` bytes.
  @unsafe public func stream(_ number: Int, byteCount: Int) throws(ModelError) -> UnsafeRawBufferPointer {
    let stream = stage.streams[number]
    guard stream.byteCount == byteCount else {
      throw ModelError(
        .malformed, "stream \(number) of a stage decodes to \(stream.byteCount) bytes, expected \(byteCount)")
    }
    return try unsafe workspace.bytes(stream, of: chunk, slot: firstSlot + number)
  }

  /// The one parameter of a stage that records an element's width, 1 to 8.
  public func width() throws(ModelError) -> Int {
    guard parameters.count == 1, (1...8).contains(parameters[0]) else {
      throw ModelError(.malformed, "a stage has the parameters \(parameters), expected a width from 1 to 8")
    }
    return Int(parameters[0])
  }
}
