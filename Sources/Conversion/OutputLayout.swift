import Containers
import Packing
import TensorModel

/// Which files a model is written as.
struct OutputLayout {
  private let model: any ContainerReader
  private let container: OutputContainer
  private let byteOrder: ByteOrder
  /// Whether tensors have other types than the model that the metadata is from.
  private let isChanged: Bool
  private let limits: Limits
  /// Of files that were laid out: what the umask leaves of it.
  private static let mode: UInt32 = 0o666

  init(
    _ model: any ContainerReader, as container: OutputContainer, _ byteOrder: ByteOrder = .little, isChanged: Bool,
    limits: Limits
  ) {
    self.model = model
    self.container = container
    self.byteOrder = byteOrder
    self.isChanged = isChanged
    self.limits = limits
  }

  /// One file that holds every tensor.
  func file() throws(ModelError) -> PackSource {
    let tensors = Array(model.catalog.tensors.indices)
    let image = try image(tensors, metadata(model.catalog.metadata))
    // A packed file that is no folder records no mode.
    let file = PackSource.File(path: "", mode: 0, byteCount: image.byteCount, content: .image(image))
    return PackSource(isFolder: false, files: [file])
  }

  /// A folder: the model's files, their index where there are several, and what goes along.
  /// - Throws: `malformed` where something that goes along has the name of a file that is made.
  func folder(
    _ plan: ShardPlan, stem: String, companions: [PackSource.File]
  ) throws(ModelError) -> PackSource {
    var shards: [(name: String, tensors: [Int])] = []
    var files: [PackSource.File] = []
    let metadata = try metadata(of: plan)
    for (number, name) in plan.names(stem: stem, suffix: container.suffix).enumerated() {
      let image = try image(plan.shards[number].tensors, metadata[number])
      shards.append((name, image.modelTensors))
      files.append(PackSource.File(path: name, mode: Self.mode, byteCount: image.byteCount, content: .image(image)))
    }
    if shards.count > 1 { try demandDistinctNames() }
    if shards.count > 1, container == .safetensors {
      let index = ShardPlan.index(model.catalog, shards)
      let path = stem + CheckpointFiles.suffix + ".index.json"
      files.append(PackSource.File(path: path, mode: Self.mode, byteCount: index.count, content: .bytes(index)))
    }
    files += companions
    try within(model.path) { [files] () throws(ModelError) in try RelativePath.demandDistinct(files.map(\.path)) }
    return PackSource(isFolder: true, files: files)
  }

  private func image(_ tensors: [Int], _ metadata: [MetadataEntry]) throws(ModelError) -> FileImage {
    try within(model.path) { () throws(ModelError) in
      switch container {
      case .safetensors: try FileImage(safetensors: model, tensors: tensors, metadata: metadata, limits: limits)
      case .gguf:
        try FileImage(
          gguf: byteOrder == .big ? BigEndianModel(model) : model, tensors: tensors, metadata: metadata,
          byteOrder: byteOrder)
      case .hdf5, .keras: try FileImage(hdf5: model, tensors: tensors, metadata: metadata)
      }
    }
  }

  /// What one file says: nothing of how its model was cut before.
  private func metadata(_ entries: [MetadataEntry]) -> [MetadataEntry] {
    switch container {
    case .safetensors, .hdf5: entries.filter { !GGUFOutputMetadata.isSplit($0) }
    case .keras: entries.filter { !GGUFOutputMetadata.isSplit($0) && !KerasEnvelope.isText($0) }
    case .gguf: GGUFOutputMetadata(entries, tensors: model.catalog.tensors.map(\.info), isChanged: isChanged).entries
    }
  }

  /// What each of several files says.
  private func metadata(of plan: ShardPlan) throws(ModelError) -> [[MetadataEntry]] {
    guard container == .gguf else { return plan.shards.map { metadata($0.metadata) } }
    guard plan.shards.count <= Int(UInt16.max), model.catalog.tensors.count <= Int(Int32.max) else {
      throw ModelError(.unsupported, "\(plan.shards.count) files, GGUF splits a model into 65535 at most").inside(
        model.path)
    }
    let whole = GGUFOutputMetadata(
      model.catalog.metadata, tensors: model.catalog.tensors.map(\.info), isChanged: isChanged)
    return whole.split(into: plan.shards.count, tensors: model.catalog.tensors.count)
  }

  /// Each shard proves that its own names are distinct; an index takes them all.
  private func demandDistinctNames() throws(ModelError) {
    var names = NameIndex()
    for tensor in model.catalog.tensors where names.insert(tensor.info.name) != nil {
      throw ModelError(.malformed, "two tensors are named '\(tensor.info.name)'").inside(model.path)
    }
  }
}
