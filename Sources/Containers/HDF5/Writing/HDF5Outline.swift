import HDF5Protocol
public import TensorModel

/// What an HDF5 file that is written holds, before it is decided how its elements lie in it.
public struct HDF5Outline: Sendable {
  /// The tensors, in the order in which a reader meets them.
  public let tensors: [TensorInfo]
  /// The list that a reader gets.
  let metadata: [MetadataEntry]
  private let tree: HDF5OutputTree
  private let types: [HDF5Datatype]

  /// - Parameters:
  ///   - infos: in any order; `order` says in which they come to lie.
  /// - Throws: `unsupported` for types and names that HDF5 lacks, and for too many dimensions; `malformed` where two
  ///   tensors have one name or two entries one key.
  init(_ infos: [TensorInfo], _ metadata: [MetadataEntry], order: inout [Int]) throws(ModelError) {
    let metadata = Self.kept(metadata, infos)
    var tree = try HDF5OutputTree(names: infos.map(\.name))
    self.metadata = try HDF5OutputMetadata.place(metadata, in: &tree)
    let found = tree.renumber()
    order = found
    tensors = found.map { infos[$0] }
    for info in tensors where info.dtype.hasMark {
      _ = tree.add(
        .string(Array(HDF5TypeMarks.name(of: info.dtype)!.utf8)), named: HDF5TypeMarks.attribute, to: info.name)
    }
    tree.sort()
    self.tree = tree
    var types: [HDF5Datatype] = []
    let marks = Marks(metadata)
    for info in tensors {
      types.append(try within("tensor '\(info.name)'") { () throws(ModelError) in try Self.type(of: info, marks) })
    }
    self.types = types
  }

  private static func type(of info: TensorInfo, _ marks: Marks) throws(ModelError) -> HDF5Datatype {
    guard let type = info.dtype.hdf5Type(isOpaque: marks.mark(info)) else {
      let hint = info.dtype.blockType == nil ? "--exclude leaves it out" : "--dequantize writes its numbers as F32"
      throw ModelError(.unsupported, "HDF5 has no \(info.dtype.name)", hint: hint)
    }
    guard info.shape.count <= HDF5Limits.rank else {
      throw ModelError(
        .unsupported, "\(info.shape.count) dimensions, HDF5 holds at most \(HDF5Limits.rank)",
        hint: "--exclude leaves it out")
    }
    return type
  }

  /// The metadata without attributes that name the type of a tensor which has another now, or whose type needs one.
  private static func kept(_ metadata: [MetadataEntry], _ infos: [TensorInfo]) -> [MetadataEntry] {
    let dtypes = Dictionary(infos.map { (ExactName($0.name), $0.dtype) }) { first, _ in first }
    return metadata.filter { entry in
      guard let (path, dtype) = Marks.mark(entry), let own = dtypes[ExactName(path)] else { return true }
      return own == dtype && !own.hasMark
    }
  }

  /// The bytes in front of the elements.
  /// - Parameter compression: nil where every dataset lies in one piece.
  func header(_ compression: HDF5Compression?) -> HDF5HeaderText {
    HDF5HeaderText(
      tree,
      zip(types, tensors).map { type, info in
        .init(type: type, shape: info.shape, chunks: compression.flatMap { HDF5OutputChunks(info, $0) })
      })
  }
}

/// What says which types elements have that are written as opaque ones, as it was in the file that they come from.
private struct Marks {
  /// By the paths of datasets.
  private var dtypes: [ExactName: DType] = [:]
  private var isBrainFloat = false

  init(_ metadata: [MetadataEntry]) {
    for entry in metadata {
      if let (path, dtype) = Self.mark(entry) { dtypes[ExactName(path)] = dtype }
      if entry.key == HDF5TypeMarks.configuration, case .string(let text) = entry.value {
        isBrainFloat = HDF5TypeMarks.namesBrainFloat(text)
      }
    }
  }

  /// Whether a tensor's type stands elsewhere.
  func mark(_ info: TensorInfo) -> Bool {
    guard let marked = dtypes[ExactName(info.name)] else { return isBrainFloat && info.dtype == .bf16 }
    return marked == info.dtype
  }

  /// The dataset whose type an entry names, and the type.
  static func mark(_ entry: MetadataEntry) -> (path: String, dtype: DType)? {
    guard case .string(let name) = entry.value, let dtype = HDF5TypeMarks.dtype(named: name),
      let key = HDF5Key.parse(entry.key), !key.path.isEmpty, key.attribute == HDF5TypeMarks.attribute
    else { return nil }
    return (key.path, dtype)
  }
}
