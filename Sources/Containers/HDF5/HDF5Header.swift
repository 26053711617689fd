import HDF5Protocol
public import TensorModel

/// What an HDF5 file holds, proved once: names and keys are distinct, sizes follow from shapes, and all bytes that are
/// stored lie inside the file.
public struct HDF5Header: Sendable {
  /// Bytes in front of what HDF5 calls the file, those of an archive included.
  let userBlockBytes: Int
  /// In the order in which the groups are walked.
  let tensors: [HDF5Tensor]
  /// The attributes of all objects, in the same order.
  public let metadata: [MetadataEntry]
  /// What is neither, and why.
  public let omissions: [Catalog.Omission]

  /// Proves what the helper says of a file.
  /// - Throws: `malformed` where it does not hold, or the datasets are out of all proportion to the file.
  init(
    _ catalogue: HDF5Catalogue, fileByteCount: Int, userBlockBytes: Int, limits: Limits
  ) throws(ModelError) {
    var builder = HDF5HeaderBuilder(
      prover: HDF5TensorProver(
        fileByteCount: fileByteCount, limits: limits, isBrainFloat: Self.namesBrainFloat(catalogue)))
    for entry in catalogue.objects { try builder.add(entry) }
    for link in catalogue.links { builder.add(link) }
    self.userBlockBytes = userBlockBytes
    tensors = builder.tensors
    metadata = try HDF5OutputMetadata.joined(builder.metadata)
    omissions = builder.omissions
  }

  /// Legacy files of Keras say of BF16 nowhere else: its elements are opaque.
  private static func namesBrainFloat(_ catalogue: HDF5Catalogue) -> Bool {
    guard let root = catalogue.objects.first(where: { $0.object.path.isEmpty })?.object,
      let text = root.attributes.first(where: { $0.name == Array(HDF5TypeMarks.configuration.utf8) })?.texts?.first
    else { return false }
    return HDF5TypeMarks.namesBrainFloat(text)
  }
}

/// Gathers tensors, metadata and omissions.
private struct HDF5HeaderBuilder {
  private(set) var tensors: [HDF5Tensor] = []
  private(set) var metadata: [MetadataEntry] = []
  private(set) var omissions: [Catalog.Omission] = []
  private var prover: HDF5TensorProver
  private var names = NameIndex()
  private var keys = NameIndex()

  init(prover: HDF5TensorProver) { self.prover = prover }

  mutating func add(_ entry: HDF5Catalogue.Entry) throws(ModelError) {
    guard let name = String(exactly: entry.object.path) else {
      return omit(entry.object.path.text, "its name is not UTF-8")
    }
    for attribute in entry.object.attributes where !Self.isMark(attribute, of: entry.object.kind) {
      try add(attribute, of: name)
    }
    switch entry.object.kind {
    case .group: break
    case .namedType: omit(name, "a named type")
    case .dataset(let dataset):
      try within("tensor '\(name)'") { () throws(ModelError) in
        switch try prover.prove(entry, dataset, name: name) {
        case .tensor(let tensor):
          guard names.insert(name) == nil else { throw ModelError(.malformed, "comes twice") }
          tensors.append(tensor)
        case .none(let reason): omit(name, reason)
        }
      }
    }
  }

  /// Whether an attribute is part of the type of the dataset that has it, and no metadata.
  private static func isMark(_ attribute: HDF5Attribute, of kind: HDF5Object.Kind) -> Bool {
    guard case .dataset(let dataset) = kind, case .opaque = dataset.type else { return false }
    return HDF5TypeMarks([attribute], isBrainFloat: false).dtype?.hasMark == true
  }

  private mutating func add(_ attribute: HDF5Attribute, of path: String) throws(ModelError) {
    guard let name = String(exactly: attribute.name) else {
      return omit(HDF5Key.of(attribute.name.text, path: path), "an attribute whose name is not UTF-8")
    }
    let key = HDF5Key.of(name, path: path)
    do throws(ModelError) {
      let value = try attribute.metadataValue()
      guard keys.insert(key) == nil else { throw ModelError(.malformed, "comes twice") }
      metadata.append(MetadataEntry(key: key, value: value))
    } catch {
      guard error.code == .unsupported else { throw error.inside("attribute '\(key)'") }
      omit(key, "an attribute of \(error.message)")
    }
  }

  mutating func add(_ link: HDF5Link) {
    let reason =
      switch link.target {
      case .same(let path): "another name of '\(path.text)'"
      case .soft(let path): "a soft link to '\(path.text)'"
      case .external(let file, let path): "a link to '\(path.text)' in the file '\(file.text)'"
      case .userDefined(let kind): "a link of kind \(kind)"
      }
    omit(link.path.text, reason)
  }

  private mutating func omit(_ name: String, _ reason: String) {
    omissions.append(Catalog.Omission(name: name, reason: reason))
  }
}
