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

  /// Whether a file that begins with `start`, `ContainerRegistry.startBytes` or all that it has, means to be one.
  func recognises(_ start: RawSpan) -> Bool

  /// Opens what is at `path`, which every error names.
  /// - Parameter base: what a packed file's tensors may be differences from.
  func open(path: String, limits: Limits, base: BaseModel?) throws(ModelError) -> any ContainerReader
}

/// Every container of this build. A newcomer is one line here.
public enum ContainerRegistry {
  /// How many bytes from the start of a file show whose it is.
  public static let startBytes = 65_536

  /// In the order in which they are asked whether a file is theirs.
  public static let all: [any ContainerFormat] = [
    PackedContainer(), GGUFContainer(), KerasContainer(), SafetensorsContainer(), HDF5Container(),
  ]

  /// Opens the model at `path`: a file by its content, else a folder that holds one.
  /// - Throws: what opening throws; what nobody recognises is opened as safetensors, whose errors say what was expected.
  /// - Parameter base: what a packed file's tensors may be differences from; see `PackedFile`.
  public static func open(
    path: String, limits: Limits = Limits(), base: BaseModel? = nil
  ) throws(ModelError) -> any ContainerReader {
    try format(of: path).open(path: path, limits: limits, base: base)
  }

  /// A folder holds safetensors files, else GGUF files, else an HDF5 file; one that holds none says that it lacks the
  /// first.
  private static func formatOfFolder(_ path: String) throws(ModelError) -> any ContainerFormat {
    let names = try within(path) { () throws(ModelError) in try namesInFolder(path, limit: Limits().files) }
    if names.contains(where: CheckpointFiles.isMember) { return SafetensorsContainer() }
    if names.contains(where: GGUFModel.isMember) { return GGUFContainer() }
    if HDF5Model.recognisesKeras(folder: names) { return KerasContainer() }
    return names.contains(where: HDF5Model.isMember) ? HDF5Container() : SafetensorsContainer()
  }

  /// The format of the file at `path`, or of the model in the folder there.
  public static func format(of path: String) throws(ModelError) -> any ContainerFormat {
    let status = try within(path) { () throws(ModelError) in try FileStatus(path: path) }
    if status.kind == .folder { return try formatOfFolder(path) }
    return try within(path) { () throws(ModelError) in
      let map = try MappedFile(path: path)
      return try map.withBytes(0..<min(map.byteCount, startBytes)) { start in
        all.first { $0.recognises(start) } ?? SafetensorsContainer()
      }
    }
  }
}

/// GGUF, alone or split.
public struct GGUFContainer: ContainerFormat {
  public let name = "gguf"
  public let summary = "one file, a split model by any of its parts, or a folder that holds one"
  public let isWritten = true

  public func recognises(_ start: RawSpan) -> Bool { GGUFHeader.recognises(start) }

  public func open(path: String, limits: Limits, base: BaseModel?) throws(ModelError) -> any ContainerReader {
    try GGUFModel.open(path: path, limits: limits)
  }
}

/// HDF5, as Keras and h5py write it.
public struct HDF5Container: ContainerFormat {
  public let name = "hdf5"
  public let summary = "one file, or a folder that holds one; read by the program tare-hdf5"
  public let isWritten = true

  public func recognises(_ start: RawSpan) -> Bool { HDF5Signature.isIn(start) }

  public func open(path: String, limits: Limits, base: BaseModel?) throws(ModelError) -> any ContainerReader {
    try HDF5Model.open(path: path, limits: limits)
  }
}

/// What Keras 3 writes.
public struct KerasContainer: ContainerFormat {
  public let name = "keras"
  public let summary = "an archive of Keras 3, also unzipped, or sharded weights by their index; read by tare-hdf5"
  public let isWritten = true

  public func recognises(_ start: RawSpan) -> Bool { HDF5Model.recognisesKeras(start) }

  public func open(path: String, limits: Limits, base: BaseModel?) throws(ModelError) -> any ContainerReader {
    try HDF5Model.openKeras(path: path, limits: limits)
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
