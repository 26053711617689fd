import ByteStore
import TensorModel

/// The archive in which Keras 3 keeps a model (`formats/keras.md`, "The archive").
struct KerasArchive {
  /// The weights, in place or in a temporary file.
  let weights: HDF5File
  /// Of the archive.
  let byteCount: Int
  /// `metadata.json` and `config.json` as they stand.
  let metadata: [MetadataEntry]
  /// What holds the weights where they are not read in place, for as long as they are read.
  let temporary: TemporaryFile?
  let members: KerasMembers

  /// Opens the archive at `path`, which every error names as its outermost context.
  /// - Throws: what `ZipArchive.parse` and `HDF5File` throw; `unsupported` where it holds no weights that are read.
  init(path: String, limits: Limits = Limits()) throws(ModelError) {
    let members = try KerasMembers(path: path, limits: limits)
    if let inPlace = try Self.inPlace(members, limits: limits) {
      self = inPlace
      return
    }
    byteCount = members.map.byteCount
    metadata = try members.texts(limit: limits.headerBytes)
    let extracted = try within(path) { () throws(ModelError) in
      try within("member '\(KerasFiles.weights)'") { () throws(ModelError) in
        try members.weights.extracted(from: members.map, expansion: limits.expansion)
      }
    }
    self.members = members
    temporary = extracted
    // Through a window, for the library would look for the real path of a file that has none.
    weights = try HDF5File(
      path: extracted.path, window: 0..<members.weights.byteCount, shownAs: path, limits: limits)
  }

  /// The archive at `path`, its weights read as a part of it; nil where they are compressed.
  static func inPlace(path: String, limits: Limits) throws(ModelError) -> KerasArchive? {
    try inPlace(KerasMembers(path: path, limits: limits), limits: limits)
  }

  /// - Throws: what opening the HDF5 file throws.
  private static func inPlace(_ members: KerasMembers, limits: Limits) throws(ModelError) -> KerasArchive? {
    guard members.weights.method == .stored else { return nil }
    let texts = try members.texts(limit: limits.headerBytes)
    return KerasArchive(
      weights: try HDF5File(path: members.map.path, window: members.weights.range, limits: limits), metadata: texts,
      members: members)
  }

  /// The names of all other members.
  var others: [String] { members.others.map(\.name) }

  /// What the archive at `path` holds beside weights and description.
  /// - Throws: what opening it throws; `malformed` where a member is not what the archive says, `unsupported` where all
  ///   together have more than `limits.headerBytes`.
  static func assets(path: String, limits: Limits) throws(ModelError) -> [KerasEnvelope.Member] {
    let members = try KerasMembers(path: path, limits: limits)
    var left = limits.headerBytes
    var assets: [KerasEnvelope.Member] = []
    for member in members.others {
      guard member.byteCount <= left else {
        throw ModelError(.unsupported, "its members beside the weights have more than \(limits.headerBytes) bytes")
          .inside(path)
      }
      left -= member.byteCount
      assets.append(KerasEnvelope.Member(name: member.name, bytes: try members.contents(of: member)))
    }
    return assets
  }

  private init(weights: HDF5File, metadata: [MetadataEntry], members: KerasMembers) {
    self.weights = weights
    self.metadata = metadata
    self.members = members
    byteCount = members.map.byteCount
    temporary = nil
  }
}
