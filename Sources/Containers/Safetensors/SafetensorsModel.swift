import ByteStore
public import TensorModel

/// A model in one safetensors file or in the shards of one checkpoint, its tensors' bytes lent from the maps.
public final class SafetensorsModel: ContainerReader {
  public let path: String
  /// In the order of `catalog.files`.
  public let files: [SafetensorsFile]
  public let catalog: Catalog

  public var formatName: String { "safetensors" }
  public var byteCount: Int { catalog.files.reduce(0) { $0 + $1.byteCount } }
  public var filePaths: [String] { files.map { $0.map.path } }

  /// - Parameters:
  ///   - path: what was opened: a file, an index or a folder.
  ///   - files: by their paths relative to the folder that holds them.
  /// - Throws: `malformed` where two files hold a tensor of one name.
  init(path: String, files: [(name: String, file: SafetensorsFile)]) throws(ModelError) {
    var names = NameIndex()
    var tensors: [Catalog.Entry] = []
    tensors.reserveCapacity(files.reduce(0) { $0 + $1.file.header.tensors.count })
    for (index, (_, file)) in files.enumerated() {
      for (number, tensor) in file.header.tensors.enumerated() where number != file.header.metadataTensor {
        if files.count > 1, let other = names.insert(tensor.info.name) {
          let holder = files[tensors[other].file].file.path
          throw ModelError(.malformed, "tensor '\(tensor.info.name)' lies also in \(holder)").inside(file.path)
        }
        tensors.append(Catalog.Entry(info: tensor.info, file: index, offset: tensor.range.lowerBound))
      }
    }
    self.path = path
    self.files = files.map(\.file)
    catalog = Catalog(
      files: files.map { name, file in
        Catalog.File(path: name, byteCount: file.map.byteCount, metadata: file.header.metadata)
      },
      tensors: tensors)
  }

  public func demandUnchanged() throws(ModelError) {
    for file in files { try within(file.path) { () throws(ModelError) in try file.map.demandUnchanged() } }
  }

  public func makeSession() -> any TensorSession { SafetensorsSession(self) }
}

private final class SafetensorsSession: TensorSession {
  private let model: SafetensorsModel
  private let buffer = ReadBuffer()

  init(_ model: SafetensorsModel) { self.model = model }

  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let (file, place) = place(of: tensor, range)
    return try file.map.withBytes(place, through: buffer, body)
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
  private func place(of tensor: Int, _ range: Range<Int>) -> (SafetensorsFile, Range<Int>) {
    let entry = model.catalog.tensors[tensor]
    precondition(range.lowerBound >= 0 && range.upperBound <= entry.info.byteCount, "a range outside of the tensor")
    let start = entry.offset!
    return (model.files[entry.file], (start + range.lowerBound)..<(start + range.upperBound))
  }
}
