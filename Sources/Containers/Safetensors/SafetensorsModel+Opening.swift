import ByteStore
public import TensorModel

extension SafetensorsModel {
  /// Whether a file that starts with `start` may be opened: a safetensors file, or JSON that may be an index of shards.
  /// - Parameter start: the first bytes, 4096 or more where the file has them.
  public static func recognises(_ start: RawSpan, limits: Limits = Limits()) -> Bool {
    SafetensorsFile.recognises(start, limits: limits) || JSONScanner.beginsObject(start)
  }

  /// Opens what is at `path`:
  /// - a safetensors file, alone; but where `set` holds and it is one of `X-00001-of-00003.safetensors` and its siblings
  ///   are all there, the whole set, by the index beside them if that names the shard;
  /// - the index of a sharded checkpoint, and so the shards that it names, which must hold exactly what it says;
  /// - a folder: by its index; else `model.safetensors`; else all its safetensors files in the order of their names.
  ///
  /// Every error names one file, the one at fault, as its outermost context.
  /// - Parameter set: whether a shard stands for its set.
  /// - Throws: `missing` where a file can't be read or a folder holds no model; `malformed`, `unsupported`.
  public static func open(
    path: String, set: Bool = true, limits: Limits = Limits()
  ) throws(ModelError) -> SafetensorsModel {
    let status = try within(path) { () throws(ModelError) in try FileStatus(path: path) }
    if status.kind == .folder { return try openFolder(path, limits: limits) }
    guard try isFile(path, limits: limits) else { return try openIndex(path, path: path, limits: limits) }
    if set, let model = try openSet(ofShard: path, limits: limits) { return model }
    return try openFiles([splitPath(path).name], in: splitPath(path).folder, path: path, limits: limits)
  }

  /// Whether the file at `path` is to be opened as safetensors rather than as an index. What is neither is taken for
  /// safetensors, whose errors say what was expected.
  private static func isFile(_ path: String, limits: Limits) throws(ModelError) -> Bool {
    try within(path) { () throws(ModelError) in
      let map = try MappedFile(path: path)
      return try map.withBytes(0..<min(map.byteCount, 4096)) { start throws(ModelError) in
        SafetensorsFile.recognises(start, limits: limits) || !JSONScanner.beginsObject(start)
      }
    }
  }

  private static func openFiles(
    _ names: [String], in folder: String, path: String, limits: Limits
  ) throws(ModelError) -> SafetensorsModel {
    var files: [(name: String, file: SafetensorsFile)] = []
    for name in names { files.append((name, try SafetensorsFile(path: folder + name, limits: limits))) }
    return try SafetensorsModel(path: path, files: files)
  }

  private static func openSet(ofShard path: String, limits: Limits) throws(ModelError) -> SafetensorsModel? {
    let (folder, name) = splitPath(path)
    guard let shard = ShardName(name, suffix: suffix), shard.count <= limits.files else { return nil }
    let names = (1...shard.count).lazy.map(shard.name(ofShard:))
    guard names.allSatisfy({ FileStatus.isFile(folder + $0) }) else { return nil }
    let indexPath = folder + shard.prefix + suffix + ".index.json"
    if FileStatus.isFile(indexPath) {
      let index = try SafetensorsIndex(path: indexPath, limits: limits)
      if index.shards.contains(name) { return try open(index, at: indexPath, path: path, limits: limits) }
    }
    return try openFiles(Array(names), in: folder, path: path, limits: limits)
  }

  private static let suffix = CheckpointFiles.suffix

  // MARK: Folders

  private static func openFolder(_ path: String, limits: Limits) throws(ModelError) -> SafetensorsModel {
    let folder = asFolder(path)
    let names = try within(path) { () throws(ModelError) in try namesInFolder(path, limit: limits.files) }
    switch try within(path, { () throws(ModelError) in try CheckpointFiles.find(among: names) }) {
    case .index(let index): return try openIndex(folder + index, path: path, limits: limits)
    case .files(let files):
      do throws(ModelError) {
        return try openFiles(files, in: folder, path: path, limits: limits)
      } catch {
        guard files.count > 1 else { throw error }
        var error = error
        error.hint = "\(path) holds \(CheckpointFiles.listed(files)) and no index: name the one that is meant"
        throw error
      }
    }
  }

  // MARK: Index

  private static func openIndex(
    _ indexPath: String, path: String, limits: Limits
  ) throws(ModelError) -> SafetensorsModel {
    try open(try SafetensorsIndex(path: indexPath, limits: limits), at: indexPath, path: path, limits: limits)
  }

  private static func open(
    _ index: SafetensorsIndex, at indexPath: String, path: String, limits: Limits
  ) throws(ModelError) -> SafetensorsModel {
    let (folder, name) = splitPath(indexPath)
    let model: SafetensorsModel
    do throws(ModelError) {
      model = try openFiles(index.shards, in: folder, path: path, limits: limits)
    } catch {
      var error = error
      if error.code == .missing { error.hint = "\(name) names it" }
      throw error
    }
    try within(indexPath) { () throws(ModelError) in try demandAgreement(index, model) }
    return model
  }

  /// - Throws: `malformed` unless the shards hold exactly the tensors that the index maps to them.
  private static func demandAgreement(
    _ index: SafetensorsIndex, _ model: SafetensorsModel
  ) throws(ModelError) {
    for entry in model.catalog.tensors {
      let (tensor, shard) = (entry.info.name, index.shards[entry.file])
      guard let expected = index.shard(of: tensor) else {
        throw ModelError(.malformed, "tensor '\(tensor)' of '\(shard)' is not in 'weight_map'")
      }
      guard expected == entry.file else {
        throw ModelError(
          .malformed, "tensor '\(tensor)' lies in '\(shard)', but 'weight_map' says '\(index.shards[expected])'")
      }
    }
    // The names in the catalog are distinct and all in the index: equal counts make the two sets one.
    guard model.catalog.tensors.count < index.tensors.count else { return }
    var held = NameIndex()
    for entry in model.catalog.tensors { _ = held.insert(entry.info.name) }
    for (number, tensor) in index.tensors.names.enumerated() where held[tensor] == nil {
      let shard = index.shards[index.shardOfTensor[number]]
      throw ModelError(.malformed, "tensor '\(tensor)' is not in '\(shard)', where 'weight_map' has it")
    }
  }
}
