import Containers
import Packing
import TensorModel

/// Which files a model is written as.
struct OutputLayout {
  private let model: any ContainerReader
  private let limits: Limits
  /// Of files that were laid out: what the umask leaves of it.
  private static let mode: UInt32 = 0o666

  init(_ model: any ContainerReader, limits: Limits) {
    self.model = model
    self.limits = limits
  }

  /// One file that holds every tensor.
  func file() throws(ModelError) -> PackSource {
    let tensors = Array(model.catalog.tensors.indices)
    let image = try image(tensors, model.catalog.metadata)
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
    for (shard, name) in zip(plan.shards, plan.names(stem: stem)) {
      let image = try image(shard.tensors, shard.metadata)
      shards.append((name, image.modelTensors))
      files.append(PackSource.File(path: name, mode: Self.mode, byteCount: image.byteCount, content: .image(image)))
    }
    if shards.count > 1 {
      try demandDistinctNames()
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
      try FileImage(safetensors: model, tensors: tensors, metadata: metadata, limits: limits)
    }
  }

  /// Each shard proves that its own names are distinct; an index takes them all.
  private func demandDistinctNames() throws(ModelError) {
    var names = NameIndex()
    for tensor in model.catalog.tensors where names.insert(tensor.info.name) != nil {
      throw ModelError(.malformed, "two tensors are named '\(tensor.info.name)'").inside(model.path)
    }
  }
}
