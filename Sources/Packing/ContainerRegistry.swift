import ByteStore
public import Containers
public import TensorModel

/// A container format: how a file of it is recognised and opened.
public protocol ContainerFormat: Sendable {
  /// As `tare formats` lists it.
  var name: String { get }
  /// One line for `tare formats`.
  var summary: String { get }
  /// Whether this build also writes it.
  var isWritten: Bool { get }

  /// Whether a file that begins with `start`, 4096 bytes or all that it has, means to be one.
  func recognises(_ start: RawSpan) -> Bool

  /// Opens what is at `path`, which every error names.
  /// - Parameter base: what a packed file's tensors may be differences from.
  func open(path: String, limits: Limits, base: BaseModel?) throws(ModelError) -> any ContainerReader
}

/// Every container of this build. A newcomer is one line here.
public enum ContainerRegistry {
  /// In the order in which they are asked whether a file is theirs.
  public static let all: [any ContainerFormat] = [PackedContainer(), SafetensorsContainer()]

  /// Opens the model at `path`: a file by its content, else a folder that holds one.
  /// - Throws: what opening throws; what nobody recognises is opened as safetensors, whose errors say what was expected.
  /// - Parameter base: what a packed file's tensors may be differences from; see `PackedFile`.
  public static func open(
    path: String, limits: Limits = Limits(), base: BaseModel? = nil
  ) throws(ModelError) -> any ContainerReader {
    try format(of: path).open(path: path, limits: limits, base: base)
  }

  /// The format of the file at `path`; of a folder, the one that looks for models in folders.
  public static func format(of path: String) throws(ModelError) -> any ContainerFormat {
    let status = try within(path) { () throws(ModelError) in try FileStatus(path: path) }
    guard status.kind != .folder else { return SafetensorsContainer() }
    return try within(path) { () throws(ModelError) in
      let map = try MappedFile(path: path)
      return try map.withBytes(0..<min(map.byteCount, 4096)) { start in
        all.first { $0.recognises(start) } ?? SafetensorsContainer()
      }
    }
  }
}

/// The packed file.
public struct PackedContainer: ContainerFormat {
  public let name = "tare"
  public let summary = "packed models: lossless, checked, random access"
  public let isWritten = true

  public func recognises(_ start: RawSpan) -> Bool { PackedFile.recognises(start) }

  public func open(path: String, limits: Limits, base: BaseModel?) throws(ModelError) -> any ContainerReader {
    try PackedModel(PackedFile(path: path, limits: limits, base: base), limits: limits)
  }
}

/// safetensors, alone or sharded.
public struct SafetensorsContainer: ContainerFormat {
  public let name = "safetensors"
  public let summary = "one file, a sharded checkpoint with its index, or a folder that holds one"
  public let isWritten = true

  public func recognises(_ start: RawSpan) -> Bool { SafetensorsModel.recognises(start) }

  public func open(path: String, limits: Limits, base: BaseModel?) throws(ModelError) -> any ContainerReader {
    try SafetensorsModel.open(path: path, limits: limits)
  }
}
