public import Containers
public import TensorModel

/// What a set of arrays in a container means: which of them make up one tensor, and how it is read from them.
///
/// Nothing is decided by names alone: `candidates` says what the catalog suggests, `refusal` what the data says to that.
public protocol Schema: Sendable {
  /// As reports name it: lower-case words.
  var name: String { get }
  /// One line for people who meet the name.
  var summary: String { get }

  /// The logical tensors that names, types and shapes suggest, in the order of their first parts.
  func candidates(in catalog: Catalog) -> [LogicalTensor]

  /// Reads what must hold of the parts; why it does not, or nil where it does.
  func refusal(of tensor: LogicalTensor, in model: any ContainerReader) throws(ModelError) -> String?

  /// Writes `elements` of the tensor to `target`, aligned to 8 bytes, from its parts.
  /// - Precondition: the tensor is one of `candidates`.
  /// - Throws: what reading throws, and `malformed` where the parts are not what was not refused.
  @unsafe func read(
    _ elements: Range<Int>, of tensor: LogicalTensor, in catalog: Catalog, through session: any TensorSession,
    into target: UnsafeMutableRawPointer
  ) throws(ModelError)
}

/// A tensor that a model holds as several arrays.
public struct LogicalTensor: Hashable, Sendable {
  /// One of the arrays, by its number in the catalog.
  public struct Part: Hashable, Sendable {
    /// What it is to the tensor: a word.
    public let role: String
    public let tensor: Int

    public init(role: String, tensor: Int) {
      self.role = role
      self.tensor = tensor
    }
  }

  /// The name of its schema.
  public let schema: String
  /// Of plain elements.
  public let info: TensorInfo
  /// The first stands for the tensor where something has one place: in a file, in an order.
  public let parts: [Part]

  public init(schema: String, info: TensorInfo, parts: [Part]) {
    precondition(!parts.isEmpty && info.dtype.blockElements == 1)
    self.schema = schema
    self.info = info
    self.parts = parts
  }
}

/// Every schema of this build. A newcomer is one line here.
public enum SchemaRegistry {
  public static let all: [any Schema] = [PruningMaskSchema()]

  public static func named(_ name: String) -> (any Schema)? { all.first { $0.name == name } }
}
