import ByteStore
public import TensorModel

/// The names of the files of a model, in an archive or a folder.
enum KerasFiles {
  static let weights = "model.weights.h5"
  static let numpyWeights = "model.weights.npz"
  /// The model's description, which is metadata.
  static let texts = ["metadata.json", configuration]
  static let configuration = "config.json"
}

extension HDF5Model {
  /// Whether a file that begins with `start` is an archive, or may be the index of sharded weights.
  package static func recognisesKeras(_ start: RawSpan) -> Bool {
    ZipArchive.recognises(start) || KerasIndex.recognises(start)
  }

  /// Whether a folder with files of these names is an archive's content, or holds sharded weights.
  package static func recognisesKeras(folder names: [String]) -> Bool {
    let isUnpacked = (KerasFiles.texts + [KerasFiles.weights]).allSatisfy(names.contains)
    return isUnpacked || names.contains { $0.hasSuffix(KerasIndex.suffix) && !$0.hasPrefix(".") }
  }

  /// Opens what is at `path` (`formats/keras.md`): an archive, the index of sharded weights, or a folder that holds what an
  /// archive does, or an index.
  ///
  /// Every error names one file, the one at fault, as its outermost context.
  /// - Throws: what opening the files throws; `missing` for one that the index names.
  public static func openKeras(path: String, limits: Limits = Limits()) throws(ModelError) -> HDF5Model {
    let status = try within(path) { () throws(ModelError) in try FileStatus(path: path) }
    if status.kind == .folder { return try openKeras(folder: path, limits: limits) }
    guard try isArchive(path) else { return try openShards(index: path, path: path, limits: limits) }
    return HDF5Model(path: path, name: splitPath(path).name, archive: try KerasArchive(path: path, limits: limits))
  }

  private static func isArchive(_ path: String) throws(ModelError) -> Bool {
    try within(path) { () throws(ModelError) in
      let map = try MappedFile(path: path)
      return try map.withBytes(0..<min(map.byteCount, 4)) { ZipArchive.recognises($0) }
    }
  }

  private static func openKeras(folder path: String, limits: Limits) throws(ModelError) -> HDF5Model {
    let folder = asFolder(path)
    let names = try within(path) { () throws(ModelError) in try namesInFolder(path, limit: limits.files) }
    let indices = names.filter { $0.hasSuffix(KerasIndex.suffix) && !$0.hasPrefix(".") }
    guard indices.isEmpty else {
      guard indices.count == 1 else {
        throw ModelError(
          .malformed, "holds several models: \(CheckpointFiles.listed(indices))", hint: "name the one that is meant"
        ).inside(path)
      }
      return try openShards(index: folder + indices[0], path: path, limits: limits)
    }
    var texts: [MetadataEntry] = []
    for name in KerasFiles.texts {
      let text = try within(folder + name) { () throws(ModelError) in
        try wholeFile(folder + name, limit: limits.headerBytes)
      }
      texts.append(MetadataEntry(key: name, value: .string(text)))
    }
    let weights = try HDF5File(path: folder + KerasFiles.weights, limits: limits)
    return try HDF5Model(
      path: path, files: [(KerasFiles.weights, weights)], formatName: "keras", metadata: texts)
  }

  private static func wholeFile(_ path: String, limit: Int) throws(ModelError) -> [UInt8] {
    let map = try MappedFile(path: path)
    guard map.byteCount <= limit else {
      throw ModelError(.malformed, "\(map.byteCount) bytes, expected \(limit) at most")
    }
    return try map.withBytes(0..<map.byteCount) { unsafe $0.withUnsafeBytes { unsafe Array($0) } }
  }

  /// Opens the archive, or the index of sharded weights, at `path`, as `openKeras` does; nil for an archive in which the
  /// weights are compressed. Only an archive has `path` among its `filePaths`.
  package static func openKerasInPlace(path: String, limits: Limits) throws(ModelError) -> HDF5Model? {
    guard try isArchive(path) else { return try openShards(index: path, path: path, limits: limits) }
    return try KerasArchive.inPlace(path: path, limits: limits).map {
      HDF5Model(path: path, name: splitPath(path).name, archive: $0)
    }
  }

  /// What the archive that was opened holds beside weights and description; nothing where none was opened.
  package func archiveAssets(limits: Limits) throws(ModelError) -> [KerasEnvelope.Member] {
    guard catalog.omissions.contains(where: { $0.reason == KerasEnvelope.omission }) else { return [] }
    return try KerasArchive.assets(path: path, limits: limits)
  }

  private static func openShards(
    index: String, path: String, limits: Limits
  ) throws(ModelError) -> HDF5Model {
    try HDF5Model(path: path, files: shards(index: index, limits: limits), formatName: "keras")
  }

  private static func shards(
    index: String, limits: Limits
  ) throws(ModelError) -> [(name: String, file: HDF5File)] {
    let (folder, name) = splitPath(index)
    var files: [(name: String, file: HDF5File)] = []
    for shard in try KerasIndex(path: index, limits: limits).shards {
      do throws(ModelError) {
        files.append((shard, try HDF5File(path: folder + shard, limits: limits)))
      } catch {
        var error = error
        if error.code == .missing { error.hint = "\(name) names it" }
        throw error
      }
    }
    return files
  }
}
