import ByteStore
import Kernels
public import TensorModel

/// A model in one GGUF file or in the parts of a split one, its tensors' bytes lent from the maps; those of big-endian
/// files are turned as they are lent.
public final class GGUFModel: ContainerReader {
  public let path: String
  /// In the order of `catalog.files`.
  public let files: [GGUFFile]
  public let catalog: Catalog
  /// Per tensor of the catalog, whether its bytes are to be turned.
  let isSwapped: [Bool]

  public var formatName: String { "gguf" }
  public var byteCount: Int { catalog.files.reduce(0) { $0 + $1.byteCount } }
  public var filePaths: [String] { files.map { $0.map.path } }

  /// - Parameters:
  ///   - path: what was opened: a file or a folder.
  ///   - files: by their paths relative to the folder that holds them.
  ///   - omissions: what belongs to the model and is not there.
  /// - Throws: `malformed` where two files hold a tensor of one name.
  init(
    path: String, files: [(name: String, file: GGUFFile)], omissions: [Catalog.Omission] = []
  ) throws(ModelError) {
    var names = NameIndex()
    var tensors: [Catalog.Entry] = []
    tensors.reserveCapacity(files.reduce(0) { $0 + $1.file.header.tensors.count })
    for (index, (_, file)) in files.enumerated() {
      for tensor in file.header.tensors {
        if files.count > 1, let other = names.insert(tensor.info.name) {
          let holder = files[tensors[other].file].file.path
          throw ModelError(.malformed, "tensor '\(tensor.info.name)' lies also in \(holder)").inside(file.path)
        }
        tensors.append(Catalog.Entry(info: tensor.info, file: index, offset: tensor.range.lowerBound))
      }
    }
    self.path = path
    self.files = files.map(\.file)
    isSwapped = tensors.map { files[$0.file].file.header.byteOrder == .big && ByteSwap.changes($0.info.dtype) }
    catalog = Catalog(
      files: files.map { name, file in
        Catalog.File(path: name, byteCount: file.map.byteCount, metadata: file.header.metadata)
      },
      tensors: tensors, omissions: omissions)
  }

  /// A model in one file.
  package convenience init(_ file: GGUFFile) throws(ModelError) {
    try self.init(path: file.path, files: [(splitPath(file.path).name, file)])
  }

  public func demandUnchanged() throws(ModelError) {
    for file in files { try within(file.path) { () throws(ModelError) in try file.map.demandUnchanged() } }
  }

  public func makeSession() -> any TensorSession { GGUFSession(self) }
}

private final class GGUFSession: TensorSession {
  private let model: GGUFModel
  private let buffer = ReadBuffer()

  init(_ model: GGUFModel) { self.model = model }

  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    guard model.isSwapped[tensor] else {
      let (file, place) = place(of: tensor, range)
      return try file.map.withBytes(place, through: buffer, body)
    }
    let dtype = model.catalog.tensors[tensor].info.dtype
    return try ByteSwap.withBlocks(dtype, range, body) { (whole, turn) throws(ModelError) in
      let (file, place) = place(of: tensor, whole)
      return try file.map.withBytes(place, through: buffer, turn)
    }
  }

  func release(of tensor: Int, _ range: Range<Int>) {
    let (file, place) = place(of: tensor, range)
    file.map.release(place)
  }

  func repeatedBlock(of tensor: Int, _ range: Range<Int>) -> [UInt8]? {
    let (file, place) = place(of: tensor, range)
    guard file.map.isHole(place) else { return nil }
    return [UInt8](repeating: 0, count: model.catalog.tensors[tensor].info.dtype.blockBytes)
  }

  /// Where `range` of the tensor's bytes lies.
  private func place(of tensor: Int, _ range: Range<Int>) -> (GGUFFile, Range<Int>) {
    let entry = model.catalog.tensors[tensor]
    precondition(range.lowerBound >= 0 && range.upperBound <= entry.info.byteCount, "a range outside of the tensor")
    let start = entry.offset!
    return (model.files[entry.file], (start + range.lowerBound)..<(start + range.upperBound))
  }
}
