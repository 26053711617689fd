public import TensorModel

/// What packing knows of a tensor before it comes to its chunks.
public struct TensorPlan: Hashable, Sendable {
  public var element: ElementType
  /// Ids of the value encodings that a chunk is offered, the likeliest first.
  public var values: [String]
  /// Whether zstd's match search is tried on streams.
  public var searchesMatches: Bool
  public var shared: SharedStreams
  /// What `grid` looks for.
  public var grid: GridPlan?
  /// What `blocks` takes apart.
  public var blocks: BlockType?
  /// Blocks of a row of these; 0 of tensors without rows.
  public var rowBlocks = 0
  /// Bytes of a row of the matrix that the tensor is; 0 where its rows are not put in order.
  public var rowBytes = 0
  /// Whether the first of `values` that can store a chunk is taken, without trying the others.
  public var takesFirst = false
  /// Groups of neighbours of which as many are zeros.
  public var groups: GroupFinding?
  /// Orders in which the difference from a base is tried; none where it is not worth trying.
  public var deltas: [DeltaOrder] = []
  /// Whether the difference is taken without trying `values`.
  public var takesDelta = false

  public init(element: ElementType, values: [String], searchesMatches: Bool, shared: SharedStreams = .none) {
    self.element = element
    self.values = values
    self.searchesMatches = searchesMatches
    self.shared = shared
  }
}

/// In which order the differences from a base are stored.
public enum DeltaOrder: Hashable, Sendable {
  case asTheyAre
  /// By the base's magnitudes.
  case sorted
}

/// What was chosen for a chunk.
public struct ChunkChoice: Hashable, Sendable {
  public var mask: String
  public var value: String
  /// Zeros in the chunk, of either sign; 0 where they were not counted.
  public var zeros: Int
  /// The order of the elements, where they have one of their own: `rows` or `sorted`.
  public var order: String?

  public init(mask: String, value: String, zeros: Int = 0) {
    self.mask = mask
    self.value = value
    self.zeros = zeros
  }

  /// `gaps+fused`; a mask of `none` is not named.
  public var name: String { (order.map { $0 + "+" } ?? "") + (mask == "none" ? value : "\(mask)+\(value)") }

  /// Whether the chunk can't be decoded without the base.
  public var needsBase: Bool { order == "sorted" || value == "delta" }
}
