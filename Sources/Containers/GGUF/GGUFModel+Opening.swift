import ByteStore
public import TensorModel

extension GGUFModel {
  package static let suffix = ".gguf"

  /// Opens what is at `path`:
  /// - a GGUF file, alone; but where `set` holds, it says that it is a part of a split model, is named like one
  ///   (`X-00001-of-00003.gguf`), and its siblings are all there, the whole set;
  /// - a folder that holds one file or one set.
  ///
  /// Every error names one file, the one at fault, as its outermost context.
  /// - Parameter set: whether a part stands for its set.
  /// - Throws: `missing` where a file can't be read or a folder holds no model; `malformed`, `unsupported`.
  public static func open(
    path: String, set: Bool = true, limits: Limits = Limits()
  ) throws(ModelError) -> GGUFModel {
    let status = try within(path) { () throws(ModelError) in try FileStatus(path: path) }
    if status.kind == .folder { return try openFolder(path, limits: limits) }
    let (folder, name) = splitPath(path)
    let file = try GGUFFile(path: path, limits: limits)
    guard set, let part = parts(of: file, named: name, in: folder) else {
      return try GGUFModel(
        path: path, files: [(name, file)], omissions: set ? missingParts(of: file, name, folder) : [])
    }
    return try openSet(part, in: folder, path: path, limits: limits)
  }

  /// The file's name taken apart, where it is a part of a set that is all there.
  private static func parts(of file: GGUFFile, named name: String, in folder: String) -> ShardName? {
    guard let count = file.header.integer(GGUFHeader.splitKeys.count), count > 1,
      let part = ShardName(name, suffix: suffix), part.count == count,
      (1...count).allSatisfy({ FileStatus.isFile(folder + part.name(ofShard: $0)) })
    else { return nil }
    return part
  }

  /// What a part that is opened alone lacks of its model: its siblings that are not there, or all that has no name.
  private static func missingParts(of file: GGUFFile, _ name: String, _ folder: String) -> [Catalog.Omission] {
    let keys = GGUFHeader.splitKeys
    guard let count = file.header.integer(keys.count), count > 1 else { return [] }
    guard let part = ShardName(name, suffix: suffix), part.count == count else {
      let number = file.header.integer(keys.number).map { "\($0 + 1)" } ?? "?"
      return [Catalog.Omission(name: name, reason: "part \(number) of \(count) of a model, without the others")]
    }
    let missing = (1...count).lazy.map(part.name(ofShard:)).filter { !FileStatus.isFile(folder + $0) }
    return missing.prefix(mostNamed).map { Catalog.Omission(name: $0, reason: "a part of this model, is not there") }
  }

  /// Parts that are named where they are missing.
  private static let mostNamed = 100

  private static func openSet(
    _ part: ShardName, in folder: String, path: String, limits: Limits
  ) throws(ModelError) -> GGUFModel {
    var files: [(name: String, file: GGUFFile)] = []
    for number in 1...part.count {
      let name = part.name(ofShard: number)
      let file = try GGUFFile(path: folder + name, limits: limits)
      try within(file.path) { () throws(ModelError) in
        try demand(file.header, GGUFHeader.splitKeys.number, number - 1)
        try demand(file.header, GGUFHeader.splitKeys.count, part.count)
      }
      files.append((name, file))
    }
    let model = try GGUFModel(path: path, files: files)
    try within(files[0].file.path) { () throws(ModelError) in
      try demand(files[0].file.header, GGUFHeader.splitKeys.tensors, model.catalog.tensors.count)
    }
    return model
  }

  private static func demand(_ header: GGUFHeader, _ key: String, _ expected: Int) throws(ModelError) {
    let found = header.integer(key)
    guard found == expected else {
      throw ModelError(
        .malformed, "key '\(key)' is \(found.map(String.init) ?? "missing"), expected \(expected) in this set")
    }
  }

  private static func openFolder(_ path: String, limits: Limits) throws(ModelError) -> GGUFModel {
    let names = try within(path) { () throws(ModelError) in try namesInFolder(path, limit: limits.files) }
    let models = names.filter { name in
      guard isMember(name) else { return false }
      return ShardName(name, suffix: suffix).map { $0.number == 1 } ?? true
    }
    guard models.count == 1 else {
      throw models.isEmpty
        ? ModelError(.missing, "holds no GGUF file").inside(path)
        : ModelError(
          .malformed, "holds several models: \(CheckpointFiles.listed(models))", hint: "name the one that is meant"
        ).inside(path)
    }
    let model = try open(path: asFolder(path) + models[0], limits: limits)
    return try GGUFModel(
      path: path, files: zip(model.catalog.files.map(\.path), model.files).map { ($0, $1) },
      omissions: model.catalog.omissions)
  }

  /// Whether a file of a folder is one by its name.
  package static func isMember(_ name: String) -> Bool { name.hasSuffix(suffix) && !name.hasPrefix(".") }
}
