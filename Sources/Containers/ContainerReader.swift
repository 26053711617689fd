public import TensorModel

/// An opened model: a proved catalog, and its tensors' bytes lent in ranges.
///
/// What a caller sees of a tensor is the same whatever the container: row-major little-endian elements.
public protocol ContainerReader: AnyObject, Sendable {
  /// The container's name, as `tare formats` lists it.
  var formatName: String { get }
  /// The path that was opened.
  var path: String { get }
  /// The bytes of the model's files together.
  var byteCount: Int { get }
  var catalog: Catalog { get }
  /// The files on the disk whose bytes are read, as they can be opened: the one at `path`, or the shards.
  var filePaths: [String] { get }

  /// The chunks in which the tensor is read best.
  func grid(of tensor: Int) -> ChunkGrid

  /// How the container stores the tensor, where it has several ways.
  func storage(of tensor: Int) -> TensorStorage?

  /// Demands that nobody has written to the model's files since they were opened.
  /// - Throws: `inputOutput`, which names the file: what was read may be a mixture.
  func demandUnchanged() throws(ModelError)

  /// The bytes of the model's files that lie under checksums, which reading tensors does not prove.
  var checksummedBytes: Int { get }

  /// Reads them and returns what is damaged.
  /// - Parameter progress: is told of bytes that were read.
  func damage(_ progress: (Int) -> Void) -> [ModelError]

  /// A view for one worker. Sessions may be used at the same time, each by one thread.
  func makeSession() -> any TensorSession
}

/// How a container stores a tensor.
public struct TensorStorage: Hashable, Sendable {
  /// For people: `contiguous`, `chunked 64×64, shuffle, gzip 6`.
  public let layout: String
  /// The bytes of the file that its elements take.
  public let byteCount: Int

  public init(layout: String, byteCount: Int) {
    self.layout = layout
    self.byteCount = byteCount
  }
}

/// One worker's view of an opened model, with whatever buffers it needs, which live as long as it does.
public protocol TensorSession: AnyObject {
  /// Lends `range` of the tensor's bytes; it must lie inside the tensor. The span may have any alignment.
  /// - Throws: `damaged` or `malformed` where stored bytes do not hold what they claim, `unsupported` where they need
  ///   what this build lacks.
  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result

  /// Says that `range` will not be read again soon, so that its memory may go.
  func release(of tensor: Int, _ range: Range<Int>)

  /// The block of `dtype.blockBytes` bytes that fills all of `range`, where the container knows it without reading.
  func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]?
}

extension TensorSession {
  public func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? { nil }
}

extension ContainerReader {
  public var filePaths: [String] { [path] }

  public func storage(of tensor: Int) -> TensorStorage? { nil }

  public var checksummedBytes: Int { 0 }

  public func damage(_ progress: (Int) -> Void) -> [ModelError] { [] }

  public func grid(of tensor: Int) -> ChunkGrid { ChunkGrid(catalog.tensors[tensor].info) }

  /// The most dense bytes that a chunk of any tensor has.
  public var largestChunkBytes: Int { ChunkGrid.maximumChunkBytes }
}
