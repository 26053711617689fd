import ByteStore
package import Containers
public import TensorModel

/// What is to be packed: one model file, or the files of a folder or of a sharded checkpoint.
public struct PackSource: Sendable {
  /// One file, and where its tensors lie in it.
  public struct File: Sendable {
    /// The path inside the packed folder; empty for a single file.
    public let path: String
    public let mode: UInt32
    public let byteCount: Int
    package let content: Content

    package init(path: String, mode: UInt32, byteCount: Int, content: Content) {
      self.path = path
      self.mode = mode
      self.byteCount = byteCount
      self.content = content
    }
  }

  package enum Content: Sendable {
    case safetensors(SafetensorsFile)
    /// A file of another container, the model in it, which lends those tensors that lie in it in another form, and how it
    /// is cut.
    case model(any LaidOutFile, any ContainerReader, FileLayout)
    /// A model file that needs not exist.
    case image(FileImage)
    /// A file of which only the bytes count; it is mapped when they are needed.
    case opaque(path: String)
    /// A file that needs not exist, of which only the bytes count.
    case bytes([UInt8])
    /// A file in a packed folder, of which only the bytes count.
    case packed(PackedFile, number: Int)
  }

  public let isFolder: Bool
  public let files: [File]
  /// Remarks for the user: what was skipped, what is no model although it looks like one.
  public let notes: [String]

  public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  /// Files that were laid out rather than found.
  /// - Parameter files: of a folder, distinct by path, in any order; else one, its path empty.
  package init(isFolder: Bool, files: [File], notes: [String] = []) {
    precondition(isFolder || files.count == 1)
    self.isFolder = isFolder
    self.files = files.sorted { ExactName($0.path) < ExactName($1.path) }
    self.notes = notes
  }

  /// Opens the model file, the index of a sharded checkpoint with its shards, or the folder at `path`.
  /// - Throws: `missing`, or `malformed` where a single file is no model or a broken one. In a folder, files that are
  ///   no sound model are kept as bytes.
  public static func open(path: String, limits: Limits = Limits()) throws(ModelError) -> PackSource {
    let status = try within(path) { () throws(ModelError) in try FileStatus(path: path) }
    if status.kind == .folder { return try folder(path, limits) }
    switch try ContainerRegistry.format(of: path) {
    case is PackedContainer: throw ModelError(.usage, "is packed already").inside(path)
    case is GGUFContainer:
      let content = try Content(GGUFFile(path: path, limits: limits))
      return PackSource(
        isFolder: false, files: [File(path: "", mode: 0, byteCount: status.byteCount, content: content)])
    case is HDF5Container:
      let content = try Content(HDF5File(path: path, limits: limits))
      return PackSource(
        isFolder: false, files: [File(path: "", mode: 0, byteCount: status.byteCount, content: content)])
    case is KerasContainer: return try keras(path, status, limits)
    default: break
    }
    let model = try SafetensorsModel.open(path: path, set: false, limits: limits)
    if model.files.count == 1, model.files[0].path == path {
      let file = File(path: "", mode: 0, byteCount: status.byteCount, content: .safetensors(model.files[0]))
      return PackSource(isFolder: false, files: [file])
    }
    return index(path, status, model)
  }

  /// An archive, or the index of sharded weights and the shards that it names. Of an archive whose weights are compressed
  /// the bytes are all that counts.
  private static func keras(_ path: String, _ status: FileStatus, _ limits: Limits) throws(ModelError) -> PackSource {
    guard let model = try HDF5Model.openKerasInPlace(path: path, limits: limits) else {
      let file = File(path: "", mode: 0, byteCount: status.byteCount, content: .opaque(path: path))
      return PackSource(isFolder: false, files: [file], notes: ["the weights are compressed, and stored as bytes"])
    }
    guard model.filePaths != [path] else {
      // The archive's own metadata stands in front of that of its weights.
      let file = File(path: "", mode: 0, byteCount: status.byteCount, content: Content(model.files[0], model))
      return PackSource(isFolder: false, files: [file])
    }
    var files: [File] = []
    for (name, file) in zip(model.catalog.files.map(\.path), model.files) {
      files.append(
        File(path: name, mode: file.map.mode & 0o777, byteCount: file.map.byteCount, content: try Content(file)))
    }
    let name = splitPath(path).name
    files.append(File(path: name, mode: status.mode, byteCount: status.byteCount, content: .opaque(path: path)))
    return PackSource(isFolder: true, files: files)
  }

  /// The index of a sharded checkpoint, and the shards that it names.
  private static func index(_ path: String, _ status: FileStatus, _ model: SafetensorsModel) -> PackSource {
    var files = zip(model.catalog.files, model.files).map { name, file in
      File(path: name.path, mode: file.map.mode & 0o777, byteCount: file.map.byteCount, content: .safetensors(file))
    }
    let name = splitPath(path).name
    files.append(File(path: name, mode: status.mode, byteCount: status.byteCount, content: .opaque(path: path)))
    return PackSource(isFolder: true, files: files)
  }

  private static func folder(_ path: String, _ limits: Limits) throws(ModelError) -> PackSource {
    let scan = try FolderScan(path: path, limits: limits)
    guard !scan.files.isEmpty else { throw ModelError(.missing, "holds no files").inside(path) }
    var notes = scan.skipped.map { "'\($0)' is hidden and left out" }
    var files: [File] = []
    for file in scan.files {
      files.append(
        try member(
          path: file.path, relativePath: file.relativePath, mode: file.mode, byteCount: file.byteCount, limits: limits,
          notes: &notes))
    }
    return PackSource(isFolder: true, files: files, notes: notes)
  }

  /// A file of a folder: one that is no sound model is kept as bytes, and `notes` says so of one that looks like one.
  package static func member(
    path: String, relativePath: String, mode: UInt32, byteCount: Int, limits: Limits, notes: inout [String]
  ) throws(ModelError) -> File {
    var content = Content.opaque(path: path)
    do throws(ModelError) {
      if let model = try self.model(path: path, limits: limits) { content = model }
    } catch {
      guard error.code == .malformed || error.code == .unsupported else { throw error }
      notes.append("'\(relativePath)' is stored as bytes: \(error.message)")
    }
    return File(path: relativePath, mode: mode & 0o777, byteCount: byteCount, content: content)
  }

  /// The model file that its name says it is; nil where it says nothing.
  private static func model(path: String, limits: Limits) throws(ModelError) -> Content? {
    if path.hasSuffix(CheckpointFiles.suffix) { return .safetensors(try SafetensorsFile(path: path, limits: limits)) }
    if path.hasSuffix(GGUFModel.suffix) { return try Content(GGUFFile(path: path, limits: limits)) }
    if path.hasSuffix(".keras") {
      guard let model = try HDF5Model.openKerasInPlace(path: path, limits: limits) else {
        throw ModelError(.unsupported, "the weights are compressed")
      }
      return model.filePaths == [path] ? Content(model.files[0], model) : nil
    }
    return HDF5Model.isMember(path) ? try Content(HDF5File(path: path, limits: limits)) : nil
  }
}

extension PackSource.Content {
  init(_ file: any LaidOutFile) throws(ModelError) { self.init(file, try file.makeModel()) }

  /// - Parameter model: one whose first tensors are the file's.
  init(_ file: any LaidOutFile, _ model: any ContainerReader) { self = .model(file, model, file.layout) }
}

extension PackSource.File {
  /// Of a file that was laid out for a model's tensors, their numbers in the model, in the order of the file.
  public var tensorNumbers: [Int]? {
    if case .image(let image) = content { image.modelTensors } else { nil }
  }

  /// Of a file that was laid out, the metadata that a reader of it gets.
  package var laidOutMetadata: [MetadataEntry]? {
    if case .image(let image) = content { image.metadata } else { nil }
  }

  /// Demands that what was opened is as it was then. A file that is mapped when its bytes are needed is kept as it was read.
  package func demandUnchanged() throws(ModelError) {
    switch content {
    case .safetensors(let file): try within(file.path) { () throws(ModelError) in try file.map.demandUnchanged() }
    case .model(let file, _, _): try file.demandUnchanged()
    case .image(let image): try image.model.demandUnchanged()
    case .packed(let file, _): try file.demandUnchanged()
    case .opaque, .bytes: break
    }
  }

  /// What nobody could read of the file's bytes without its container's reader, as a packed file states it.
  /// - Parameter views: the numbers of the tensors that are read through the file's bytes.
  func notes(views: [Int]) -> [(PackedIndex.Note, [UInt8])] {
    var notes: [(PackedIndex.Note, [UInt8])] = []
    if let metadata = hiddenMetadata, !metadata.isEmpty { notes.append((.metadata, MetadataText.write(metadata))) }
    if case .model(let file, _, _) = content, !views.isEmpty { notes.append((.views, file.views(of: views))) }
    return notes
  }

  private var hiddenMetadata: [MetadataEntry]? {
    switch content {
    case .model(let file, let model, _): file.hidesCatalog ? model.catalog.files.first?.metadata : nil
    case .image(let image): image.hidesMetadata ? image.metadata : nil
    case .safetensors, .opaque, .bytes, .packed: nil
    }
  }

  /// Where the file's tensors lie, where it is a model.
  var layout: FileLayout? {
    switch content {
    case .safetensors(let file): file.header.layout
    case .model(_, _, let layout): layout
    case .image(let image): image.layout
    case .opaque, .bytes, .packed: nil
    }
  }

  /// The tensor of `layout` that is metadata, which are read before anything else.
  var metadataTensor: Int? {
    switch content {
    case .safetensors(let file): file.header.metadataTensor
    case .image(let image): image.metadataTensor
    case .model, .opaque, .bytes, .packed: nil
    }
  }
}
