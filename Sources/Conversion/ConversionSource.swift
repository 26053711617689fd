import Containers
import Packing
import TensorModel

/// What is converted: a model, and where it lies in a folder, packed or not, the other files there.
struct ConversionSource: Sendable {
  let model: any ContainerReader
  /// Whether it is more than one file: a folder, or a sharded checkpoint.
  let isFolder: Bool
  /// The folder's other files, which go along as they are.
  let companions: [PackSource.File]
  /// The paths of weights in the folder that are no part of the model, and do not go along.
  let leftovers: [String]
  let notes: [String]

  /// The container that the model's own files have.
  var container: OutputContainer {
    let name = (model as? PackedModel)?.containerNames.first ?? model.formatName
    guard name == "keras" else { return OutputContainer(rawValue: name) ?? .safetensors }
    return model.catalog.metadata.contains(where: KerasEnvelope.isText) ? .keras : .hdf5
  }

  /// Opens the model at `path`, which every error names.
  /// - Throws: what opening throws; `malformed` for a packed file beyond `limits.expansion`.
  /// - Parameter base: what a packed model's tensors may be differences from.
  static func open(path: String, limits: Limits, base: BaseModel? = nil) throws(ModelError) -> ConversionSource {
    let model = try ContainerRegistry.open(path: path, limits: limits, base: base)
    if let packed = model as? PackedModel {
      try within(path) { () throws(ModelError) in try packed.file.demandBelief(limits.expansion) }
    }
    if let packed = model as? PackedModel, packed.file.isFolder { return try open(packed, limits) }
    let status = try within(path) { () throws(ModelError) in try FileStatus(path: path) }
    guard status.kind == .folder else {
      return ConversionSource(
        model: model, isFolder: model.filePaths != [path], companions: [], leftovers: [], notes: [])
    }
    return try openFolder(model, path, limits)
  }

  private static func openFolder(
    _ model: any ContainerReader, _ path: String, _ limits: Limits
  ) throws(ModelError) -> ConversionSource {
    let scan = try FolderScan(path: path, limits: limits)
    let roles = FileRoles(scan.files.map(\.relativePath), model: model.catalog)
    var notes = scan.skipped.map { "'\($0)' is hidden and left out" }
    var companions: [PackSource.File] = []
    for index in roles.companions {
      let file = scan.files[index]
      companions.append(
        try PackSource.member(
          path: file.path, relativePath: file.relativePath, mode: file.mode, byteCount: file.byteCount, limits: limits,
          notes: &notes))
    }
    return ConversionSource(
      model: model, isFolder: true, companions: companions,
      leftovers: roles.leftovers.map { scan.files[$0].relativePath }, notes: notes)
  }

  /// A packed folder holds the model that the folder would.
  private static func open(_ packed: PackedModel, _ limits: Limits) throws(ModelError) -> ConversionSource {
    let members = packed.file.members
    let names = members.map(\.path).filter { !$0.utf8.contains(UInt8(ascii: "/")) }
    var files: [String] = []
    switch try within(packed.path, { () throws(ModelError) in try CheckpointFiles.find(among: names) }) {
    case .files(let found): files = found
    case .index(let name):
      let number = members.firstIndex { $0.path.utf8.elementsEqual(name.utf8) }!
      files = try within("\(packed.path)/\(name)") { () throws(ModelError) in
        guard members[number].byteCount <= limits.headerBytes else {
          throw ModelError(.malformed, "an index of \(members[number].byteCount) bytes")
        }
        return try PackedFileReader(packed.file).withBytes(of: number, 0..<members[number].byteCount) {
          (bytes) throws(ModelError) in try SafetensorsIndex(bytes, limits: limits).shards
        }
      }
    }
    var numbers: [Int] = []
    for file in files {
      guard let number = packed.catalog.files.firstIndex(where: { $0.path.utf8.elementsEqual(file.utf8) }) else {
        throw ModelError(.malformed, "'\(file)' of the model is missing, or is no safetensors file").inside(packed.path)
      }
      numbers.append(number)
    }
    let model = SelectedModel(packed, files: numbers)
    let roles = FileRoles(members.map(\.path), model: model.catalog)
    return ConversionSource(
      model: model, isFolder: true,
      companions: roles.companions.map { number in
        let (path, mode, byteCount) = members[number]
        return PackSource.File(
          path: path, mode: mode, byteCount: byteCount, content: .packed(packed.file, number: number))
      }, leftovers: roles.leftovers.map { members[$0].path }, notes: [])
  }
}

/// What the files of a folder are to its model.
private struct FileRoles {
  private(set) var companions: [Int] = []
  private(set) var leftovers: [Int] = []

  /// - Parameter paths: relative to the folder, as those in the catalog are.
  init(_ paths: [String], model: Catalog) {
    let own = Set(model.files.map { ExactName($0.path) })
    for (number, path) in paths.enumerated() where !own.contains(ExactName(path)) {
      let isAtTop = !path.utf8.contains(UInt8(ascii: "/"))
      if isAtTop && CheckpointFiles.isIndex(path) { continue }
      // Beside the new model, a reader could take them for it.
      if isAtTop && path.hasSuffix(CheckpointFiles.suffix) {
        leftovers.append(number)
      } else {
        companions.append(number)
      }
    }
  }
}
