import Containers
import TensorModel

/// The index of a packed file: its entries, and how its files are rebuilt from them.
struct PackedIndex: Sendable {
  enum Role: UInt8, Sendable {
    case tensor = 0
    case file = 1
    case literal = 2
    case alias = 3
  }

  /// What stands in the place of the role of a tensor that needs a base.
  static let differenceRole: UInt8 = 4

  /// Where an entry's stored bytes lie in the packed file. Its directory is at their end.
  struct Place: Hashable, Sendable {
    var offset: Int
    var storedBytes: Int
    var directoryBytes: Int
    var directoryHash: UInt64

    var range: Range<Int> { offset..<(offset + storedBytes) }
    var directory: Range<Int> { (offset + storedBytes - directoryBytes)..<(offset + storedBytes) }
  }

  struct Entry: Sendable {
    var role: Role
    /// Files and literals count as tensors of type U8 with no name.
    var info: TensorInfo
    /// An alias has its target's.
    var place: Place
    /// The entry that holds the bytes: an alias's target, or the entry itself.
    var holder: Int
    /// What some chunks are differences from; nil where the entry needs no base.
    var base: BaseTensor?
  }

  /// A tensor of the base, of the shape of the entry's.
  struct BaseTensor: Hashable, Sendable {
    var name: String
    /// Where it is not the entry's, numbers are rounded to that.
    var dtype: DType
    /// The hash of its bytes.
    var hash: UInt64
  }

  enum Operation: Hashable, Sendable {
    case bytes(entry: Int, Range<Int>)
    case tensor(entry: Int)
    /// What a recoding makes of a tensor: so many bytes, and their hash.
    case recoded(entry: Int, Recoding, byteCount: Int, hash: UInt64)
    /// Makes nothing: the literal says something of the file.
    case note(Note, entry: Int)
  }

  /// What a literal says of a file, by the number of its operation.
  enum Note: UInt8, Sendable {
    case metadata = 3
    /// How tensors are read through the file's bytes that no entry holds.
    case views = 4
  }

  struct File: Sendable {
    var path: String
    var mode: UInt32
    /// `safetensors` where the file's tensors are entries, else empty.
    var container: String
    var byteCount: Int
    var digest: UInt64
    var operations: [Operation]
  }

  var isFolder: Bool
  /// The encodings that chunks refer to by position.
  var encodings: [String]
  var entries: [Entry]
  var files: [File]
  /// What the base was called, where some entries need it.
  var baseName: String?

  /// Bytes of all files together.
  var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.byte(isFolder ? 1 : 0)
    writer.varint(encodings.count)
    for name in encodings { writer.string(name) }
    var types: [DType] = []
    var typeNumbers: [DType: Int] = [:]
    for dtype in entries.flatMap({ [$0.info.dtype, $0.base?.dtype].compactMap(\.self) })
    where typeNumbers[dtype] == nil {
      typeNumbers[dtype] = types.count
      types.append(dtype)
    }
    writer.varint(types.count)
    for type in types {
      writer.string(type.name)
      writer.varint(type.blockElements)
      writer.varint(type.blockBytes)
    }
    writer.varint(entries.count)
    for entry in entries { Self.write(entry, typeNumbers, to: &writer) }
    writer.varint(files.count)
    for file in files { Self.write(file, to: &writer) }
    if let baseName { writer.string(baseName) }
    return writer.bytes
  }

  private static func write(_ entry: Entry, _ types: [DType: Int], to writer: inout ByteWriter) {
    writer.byte(entry.base == nil ? entry.role.rawValue : differenceRole)
    switch entry.role {
    case .tensor, .alias:
      writer.string(entry.info.name)
      writer.varint(types[entry.info.dtype]!)
      writer.varint(entry.info.shape.count)
      for dimension in entry.info.shape { writer.varint(dimension) }
    case .file, .literal:
      writer.varint(entry.info.byteCount)
    }
    if entry.role == .alias {
      writer.varint(entry.holder)
    } else {
      writer.varint(entry.place.storedBytes)
      writer.varint(entry.place.directoryBytes)
      writer.integer(entry.place.directoryHash)
    }
    if let base = entry.base {
      writer.string(base.name)
      writer.varint(types[base.dtype]!)
      writer.integer(base.hash)
    }
  }

  private static func write(_ file: File, to writer: inout ByteWriter) {
    writer.string(file.path)
    writer.varint(Int(file.mode))
    writer.string(file.container)
    writer.varint(file.byteCount)
    writer.integer(file.digest)
    writer.varint(file.operations.count)
    for operation in file.operations {
      switch operation {
      case .bytes(let entry, let range):
        writer.byte(0)
        writer.varint(entry)
        writer.varint(range.lowerBound)
        writer.varint(range.count)
      case .tensor(let entry):
        writer.byte(1)
        writer.varint(entry)
      case .recoded(let entry, let recoding, let byteCount, let hash):
        writer.byte(2)
        writer.varint(entry)
        recoding.write(to: &writer)
        writer.varint(byteCount)
        writer.integer(hash)
      case .note(let note, let entry):
        writer.byte(note.rawValue)
        writer.varint(entry)
      }
    }
  }
}
