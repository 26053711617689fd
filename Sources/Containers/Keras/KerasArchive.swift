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
  /// The names of all other members.
  let others: [String]
  /// What holds the weights where they are not read in place, for as long as they are read.
  let temporary: TemporaryFile?

  /// Opens the archive at `path`, which every error names as its outermost context.
  /// - Throws: what `ZipArchive.parse` and `HDF5File` throw; `unsupported` where it holds no weights that are read.
  init(path: String, limits: Limits = Limits()) throws(ModelError) {
    let archive = try Listed(path: path, limits: limits)
    if let inPlace = try archive.inPlace(limits: limits) {
      self = inPlace
      return
    }
    byteCount = archive.map.byteCount
    metadata = try archive.texts(limit: limits.headerBytes)
    others = archive.others.map(\.name)
    let extracted = try within(path) { () throws(ModelError) in
      try within("member '\(KerasFiles.weights)'") { () throws(ModelError) in
        try archive.weights.extracted(from: archive.map, expansion: limits.expansion)
      }
    }
    temporary = extracted
    // Through a window, for the library would look for the real path of a file that has none.
    weights = try HDF5File(
      path: extracted.path, window: 0..<archive.weights.byteCount, shownAs: path, limits: limits)
  }

  /// The archive at `path`, its weights read as a part of it; nil where they are compressed.
  static func inPlace(path: String, limits: Limits) throws(ModelError) -> KerasArchive? {
    try Listed(path: path, limits: limits).inPlace(limits: limits)
  }

  /// What the archive at `path` holds beside weights and description.
  /// - Throws: what opening it throws; `malformed` where a member is not what the archive says, `unsupported` where all
  ///   together have more than `limits.headerBytes`.
  static func assets(path: String, limits: Limits) throws(ModelError) -> [KerasEnvelope.Member] {
    let archive = try Listed(path: path, limits: limits)
    var left = limits.headerBytes
    var assets: [KerasEnvelope.Member] = []
    for member in archive.others {
      guard member.byteCount <= left else {
        throw ModelError(.unsupported, "its members beside the weights have more than \(limits.headerBytes) bytes")
          .inside(path)
      }
      left -= member.byteCount
      assets.append(KerasEnvelope.Member(name: member.name, bytes: try archive.contents(of: member)))
    }
    return assets
  }

  private init(weights: HDF5File, byteCount: Int, metadata: [MetadataEntry], others: [String]) {
    self.others = others
    self.weights = weights
    self.byteCount = byteCount
    self.metadata = metadata
    temporary = nil
  }

  /// An archive whose members are known.
  private struct Listed: ~Copyable {
    let map: MappedFile
    let weights: ZipMember
    private let archive: ZipArchive

    init(path: String, limits: Limits) throws(ModelError) {
      let map = try within(path) { () throws(ModelError) in try MappedFile(path: path) }
      let archive = try within(path) { () throws(ModelError) in
        try map.withBytes(0..<map.byteCount) { (bytes) throws(ModelError) in
          try ZipArchive.parse(bytes, limits: limits)
        }
      }
      let weights = try within(path) { () throws(ModelError) in try Self.weights(of: archive) }
      self.map = map
      self.archive = archive
      self.weights = weights
    }

    private static func weights(of archive: ZipArchive) throws(ModelError) -> ZipMember {
      if let member = archive[KerasFiles.weights] { return member }
      if archive[KerasFiles.numpyWeights] != nil {
        throw ModelError(.unsupported, "the weights lie in '\(KerasFiles.numpyWeights)', which is not read")
      }
      throw ModelError(.unsupported, "a ZIP archive without '\(KerasFiles.weights)', no model of Keras 3")
    }

    func texts(limit: Int) throws(ModelError) -> [MetadataEntry] {
      var entries: [MetadataEntry] = []
      for name in KerasFiles.texts {
        guard let member = archive[name] else { continue }
        entries.append(MetadataEntry(key: name, value: .string(try contents(of: member, limit: limit))))
      }
      return entries
    }

    func contents(of member: ZipMember, limit: Int = .max) throws(ModelError) -> [UInt8] {
      do throws(ModelError) {
        return try member.contents(in: map, limit: limit)
      } catch {
        throw error.inside("member '\(member.name)'").inside(map.path)
      }
    }

    /// The members that are neither weights nor description.
    var others: [ZipMember] {
      archive.members.filter { member in
        !([KerasFiles.weights] + KerasFiles.texts).contains { $0.utf8.elementsEqual(member.name.utf8) }
      }
    }

    /// - Throws: what opening the HDF5 file throws.
    func inPlace(limits: Limits) throws(ModelError) -> KerasArchive? {
      guard weights.method == .stored else { return nil }
      let texts = try texts(limit: limits.headerBytes)
      return KerasArchive(
        weights: try HDF5File(path: map.path, window: weights.range, limits: limits), byteCount: map.byteCount,
        metadata: texts, others: others.map(\.name))
    }
  }
}
