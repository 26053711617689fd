public import Containers
public import Kernels
public import Packing
public import TensorModel

/// What an inspection found of one model.
public struct ModelReport: Sendable {
  public let path: String
  public let format: String
  /// Bytes of the model's files.
  public let byteCount: Int
  public let fileCount: Int
  public let metadata: [MetadataEntry]
  /// Whether only the header was read.
  public let isHeaderOnly: Bool
  /// Whether the model is packed already: sizes are then facts, not projections.
  public let isPacked: Bool
  /// How many −0 were made +0 when it was packed.
  public let canonicalZeros: Int
  /// What the base was called that it was packed against; nil where it needs none.
  public let baseName: String?
  /// The tensors that the filter accepts, in the order that was asked for.
  public let tensors: [TensorReport]
  public let grouping: InspectionOptions.Grouping
  /// One per layer, in the order that was asked for; empty where `grouping` is another.
  public let layers: [GroupReport]
  public let totals: GroupReport
  /// What the files hold beside tensors and metadata, and why it is not read.
  public let omissions: [Catalog.Omission]
  /// Tensors that several of the arrays make up, in file order; none where no data was read.
  public internal(set) var logical: [LogicalReport] = []
}

/// What was found of a tensor that several arrays make up.
public struct LogicalReport: Sendable {
  /// What makes it one: the schema's name.
  public let schema: String
  /// The names of the arrays.
  public let parts: [String]
  public let tensor: TensorReport
}

/// What was found of one tensor.
public struct TensorReport: Sendable {
  public let info: TensorInfo
  public let layer: String
  /// The layer's class, where the model says it.
  public let layerClass: String?
  /// What the tensor is to its layer, where the model says it.
  public let variable: String?
  /// The file that holds it, where the model has several.
  public let file: String?
  public let offset: Int?
  /// How the container stores it, where it has several ways.
  public let storage: TensorStorage?
  /// Nil where the data was not read, or where the dtype is unknown.
  public internal(set) var values: ValueStatistics?
  /// Nil as `values`.
  public internal(set) var profile: ValueProfile?
  /// Nil as `values`, and for fewer than two dimensions.
  public internal(set) var zeroLines: ZeroLines?
  /// Nil where the tensor has no matrix of more than one row and one column, or no real numbers.
  public internal(set) var norms: LineNorms?
  public internal(set) var structure: Structure?
  /// The grid on which the elements lie, where packing stores them so and somebody asked.
  public internal(set) var grid: GridFinding?
  public internal(set) var packed: PackedSize?

  /// Whether a number here comes from a sample.
  public var isSampled: Bool { packed?.isSampled ?? false || profile?.isSampled ?? false }
}

/// What tensors together amount to: a layer, or the model.
public struct GroupReport: Sendable {
  public let name: String
  /// Of a layer whose class is known.
  public let className: String?
  public internal(set) var tensorCount = 0
  public internal(set) var elementCount = 0
  public internal(set) var byteCount = 0
  /// In the order in which they occur.
  public internal(set) var dtypes: [DType] = []
  /// How many tensors have each structure.
  public internal(set) var structures: [Structure: Int] = [:]
  /// How many tensors hold nothing but zeros.
  public internal(set) var zeroTensors = 0
  /// Without extremes and moments where floats and whole numbers come together: indices beside weights say nothing.
  public internal(set) var values: ValueStatistics?
  /// The mean entropy of an element's bits, each tensor's counted for its own elements; nil where no data was read.
  public var entropyBits: Double? { profiledElements > 0 ? entropy / Double(profiledElements) : nil }
  private var entropy = 0.0
  private var profiledElements = 0
  public internal(set) var packed: PackedSize?
  /// The bytes that the tensors take in their container, where it has several ways to store them.
  public internal(set) var storedBytes: Int?
  /// Whether a number of one of the tensors comes from a sample.
  public internal(set) var isSampled = false

  /// What an element takes with its share of scales; nil where no tensor consists of blocks.
  public var bitsPerWeight: Double? {
    guard dtypes.contains(where: { $0.blockType != nil }), elementCount > 0 else { return nil }
    return 8 * Double(byteCount) / Double(elementCount)
  }

  init(name: String, className: String? = nil) {
    self.name = name
    self.className = className
  }

  mutating func add(_ tensor: TensorReport) {
    tensorCount += 1
    elementCount += tensor.info.elementCount
    byteCount += tensor.info.byteCount
    if !dtypes.contains(tensor.info.dtype) { dtypes.append(tensor.info.dtype) }
    if let structure = tensor.structure { structures[structure, default: 0] += 1 }
    if let theirs = tensor.values {
      if theirs.elementCount > 0, theirs.zeros == theirs.elementCount { zeroTensors += 1 }
      var sum = values ?? ValueStatistics()
      sum.merge(theirs)
      if dtypes.contains(where: { $0.numbers.isFloat != tensor.info.dtype.numbers.isFloat }) {
        sum.extremes = nil
        sum.moments = nil
      }
      values = sum
    }
    if let theirs = tensor.profile, tensor.info.elementCount > 0 {
      entropy += theirs.entropyBits * Double(tensor.info.elementCount)
      profiledElements += tensor.info.elementCount
    }
    isSampled = isSampled || tensor.isSampled
    if let storage = tensor.storage { storedBytes = (storedBytes ?? 0) + storage.byteCount }
    if let theirs = tensor.packed {
      var sum = packed ?? PackedSize()
      sum.merge(theirs)
      packed = sum
    }
  }
}

/// What data fills, or would fill, in a packed file.
public struct PackedSize: Hashable, Sendable {
  public internal(set) var byteCount = 0
  /// Chunks per encoding; of a sample, the chunks in it.
  public internal(set) var encodings: [String: Int] = [:]
  /// Whether `byteCount` is projected from some of the chunks.
  public internal(set) var isSampled = false

  init() {}

  init(byteCount: Int, encodings: [String: Int], isSampled: Bool) {
    self.byteCount = byteCount
    self.encodings = encodings
    self.isSampled = isSampled
  }

  /// Most chunks first, then by id.
  public var rankedEncodings: [(id: String, chunks: Int)] {
    encodings.map { (id: $0.key, chunks: $0.value) }
      .sorted { $0.chunks != $1.chunks ? $0.chunks > $1.chunks : $0.id < $1.id }
  }

  mutating func merge(_ other: PackedSize) {
    byteCount += other.byteCount
    encodings.merge(other.encodings) { $0 + $1 }
    isSampled = isSampled || other.isSampled
  }
}

extension ValueStatistics {
  /// Zeros as a share of the elements; 0 for no elements.
  public var sparsity: Double { elementCount == 0 ? 0 : Double(zeros) / Double(elementCount) }
}
