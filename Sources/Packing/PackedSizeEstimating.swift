import Encodings
public import TensorModel

/// What a chunk becomes in a packed file.
public struct PackedChunk: Hashable, Sendable {
  /// Bytes of the chunk's streams and of its entry in the chunk table.
  public var byteCount: Int
  /// The encoding as it is shown: `gaps+fused`.
  public var encoding: String

  public init(byteCount: Int, encoding: String) {
    self.byteCount = byteCount
    self.encoding = encoding
  }
}

/// Tells how large chunks become when they are packed.
public protocol PackedSizeEstimating: Sendable {
  /// An estimator for one worker, with buffers that live as long as it does.
  func makeEstimator() throws(ModelError) -> any PackedSizeEstimator
}

/// What a look at a tensor showed of how it is packed.
public struct TensorSurvey: Sendable {
  /// The grid on which its elements lie.
  public var grid: GridFinding?
  var plan: TensorPlan?

  public init(grid: GridFinding? = nil) { self.grid = grid }
}

/// One worker's estimator.
public protocol PackedSizeEstimator: AnyObject {
  /// Looks at a tensor, as packing does before it comes to its chunks.
  /// - Parameters:
  ///   - window: the bytes of the tensor that may be looked at, at least one: whole blocks.
  ///   - bytes: lends some of them.
  func survey(
    _ info: TensorInfo, in window: Range<Int>,
    bytes: (Range<Int>, (RawSpan) throws(ModelError) -> Void) throws(ModelError) -> Void
  ) throws(ModelError) -> TensorSurvey

  /// What `chunk`, the bytes `range` of the tensor, becomes.
  /// - Parameter survey: what this estimator, or another worker's, said of the tensor.
  func pack(
    _ chunk: RawSpan, of info: TensorInfo, _ range: Range<Int>, _ survey: TensorSurvey
  ) throws(ModelError) -> PackedChunk

  /// What `range` becomes, which holds `block` (one block of the dtype) again and again; in O(1).
  func pack(repeating block: [UInt8], of info: TensorInfo, _ range: Range<Int>) throws(ModelError) -> PackedChunk
}

/// A container whose tensors are packed already, and which knows their sizes without reading them.
public protocol PackedCatalog: AnyObject {
  /// How many −0 of what was packed are +0 here; 0 where nothing was changed.
  var canonicalZeros: Int { get }
  /// What the base was called from whose tensors some of these are differences; nil where there is none.
  var baseName: String? { get }

  /// The bytes that the tensor fills in the container.
  func packedByteCount(of tensor: Int) -> Int

  /// How many chunks of the tensor use each encoding, as it is shown.
  func encodings(of tensor: Int) throws(ModelError) -> [String: Int]
}
