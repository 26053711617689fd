/// What a container holds: its files, and their tensors in file order.
public struct Catalog: Sendable {
  /// One file of the model: a single file has one, a sharded checkpoint one per shard.
  public struct File: Sendable {
    /// The path relative to the folder that was opened; the file's name where one file was opened.
    public var path: String
    public var byteCount: Int
    /// The file's own key-value pairs, in the order in which they stand there.
    public var metadata: [MetadataEntry]

    public init(path: String, byteCount: Int, metadata: [MetadataEntry]) {
      self.path = path
      self.byteCount = byteCount
      self.metadata = metadata
    }
  }

  /// One tensor and where it lies.
  public struct Entry: Sendable {
    public var info: TensorInfo
    /// Index into `files`.
    public var file: Int
    /// The tensor's first byte in that file; nil where its bytes do not lie there in one piece.
    public var offset: Int?

    public init(info: TensorInfo, file: Int, offset: Int?) {
      self.info = info
      self.file = file
      self.offset = offset
    }
  }

  /// Something of a file that is neither a tensor nor metadata here.
  public struct Omission: Hashable, Sendable {
    public var name: String
    /// What it is: `strings`, `a soft link to 'a/b'`.
    public var reason: String

    public init(name: String, reason: String) {
      self.name = name
      self.reason = reason
    }
  }

  public var files: [File]
  public var tensors: [Entry]
  /// What the files hold beside tensors and metadata, in containers that hold more than these.
  public var omissions: [Omission]

  public init(files: [File], tensors: [Entry], omissions: [Omission] = []) {
    self.files = files
    self.tensors = tensors
    self.omissions = omissions
  }

  /// Bytes of all tensors together.
  public var byteCount: Int { tensors.reduce(0) { $0 + $1.info.byteCount } }

  /// The pairs of all files in order; of a key that comes back, the first.
  public var metadata: [MetadataEntry] {
    // Bytes, since `String` takes canonically equivalent texts for equal.
    var seen = Set<[UInt8]>()
    return files.flatMap(\.metadata).filter { seen.insert(Array($0.key.utf8)).inserted }
  }
}
