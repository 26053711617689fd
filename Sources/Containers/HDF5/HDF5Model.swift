import ByteStore
import Kernels
public import TensorModel

/// A model in one HDF5 file, alone or in an archive of Keras, or in the files of sharded weights. Its tensors' bytes are lent
/// from the map where they lie there in one piece; big-endian ones are turned as they are lent.
public final class HDF5Model: ContainerReader {
  public let path: String
  public let formatName: String
  public let catalog: Catalog
  /// In the order of `catalog.files`.
  public let files: [HDF5File]
  /// The number of each file's first tensor.
  private let firstTensors: [Int]
  /// The archive that the weights lie in, and what holds them where they are compressed there, for as long as they are read.
  private let archive: KerasArchive?

  public var byteCount: Int { catalog.files.reduce(0) { $0 + $1.byteCount } }
  public var filePaths: [String] { files.map(\.path) }

  /// - Parameters:
  ///   - path: what was opened: a file or a folder.
  ///   - files: by their names relative to the folder that holds them.
  ///   - metadata: what stands in front of the first file's own.
  /// - Throws: `malformed` where two files hold a tensor of one name.
  init(
    path: String, files: [(name: String, file: HDF5File)], formatName: String = "hdf5", metadata: [MetadataEntry] = []
  ) throws(ModelError) {
    var names = NameIndex()
    var tensors: [Catalog.Entry] = []
    var firstTensors: [Int] = []
    for (index, (_, file)) in files.enumerated() {
      firstTensors.append(tensors.count)
      for tensor in file.header.tensors {
        if files.count > 1, let other = names.insert(tensor.info.name) {
          throw ModelError(
            .malformed, "tensor '\(tensor.info.name)' lies also in \(files[tensors[other].file].file.path)"
          )
          .inside(file.path)
        }
        tensors.append(Catalog.Entry(info: tensor.info, file: index, offset: tensor.offset))
      }
    }
    self.path = path
    self.formatName = formatName
    self.files = files.map(\.file)
    self.firstTensors = firstTensors
    archive = nil
    catalog = Catalog(
      files: files.enumerated().map { index, file in
        Catalog.File(
          path: file.name, byteCount: file.file.map.byteCount,
          metadata: (index == 0 ? metadata : []) + file.file.header.metadata)
      },
      tensors: tensors, omissions: files.flatMap(\.file.header.omissions))
  }

  /// - Parameter name: the archive's, relative to the folder that holds it.
  init(path: String, name: String, archive: KerasArchive) {
    self.path = path
    formatName = "keras"
    files = [archive.weights]
    firstTensors = [0]
    self.archive = archive
    let header = archive.weights.header
    catalog = Catalog(
      files: [
        Catalog.File(path: name, byteCount: archive.byteCount, metadata: archive.metadata + header.metadata)
      ],
      tensors: header.tensors.map {
        Catalog.Entry(info: $0.info, file: 0, offset: archive.temporary == nil ? $0.offset : nil)
      },
      omissions: header.omissions + archive.others.map { Catalog.Omission(name: $0, reason: KerasEnvelope.omission) })
  }

  public func grid(of tensor: Int) -> ChunkGrid { stored(tensor).grid }

  public func demandUnchanged() throws(ModelError) {
    for file in files { try within(file.path) { () throws(ModelError) in try file.map.demandUnchanged() } }
  }

  public func storage(of tensor: Int) -> TensorStorage? { stored(tensor).storageForPeople }

  public var checksummedBytes: Int { archive?.members.byteCount ?? 0 }

  public func damage(_ progress: (Int) -> Void) -> [ModelError] { archive?.members.damage(progress) ?? [] }

  public func makeSession() -> any TensorSession { HDF5ModelSession(self) }

  private func stored(_ tensor: Int) -> HDF5Tensor {
    let (file, number) = place(of: tensor)
    return files[file].header.tensors[number]
  }

  /// The file that holds a tensor, and the tensor's number there.
  fileprivate func place(of tensor: Int) -> (file: Int, number: Int) {
    let file = catalog.tensors[tensor].file
    return (file, tensor - firstTensors[file])
  }

  fileprivate func makeSession(ofFile file: Int) -> HDF5Session { HDF5Session(files[file]) }
}

/// One worker's view: a session for each of the files that it has read of.
private final class HDF5ModelSession: TensorSession {
  private let model: HDF5Model
  private var sessions: [Int: HDF5Session] = [:]

  init(_ model: HDF5Model) { self.model = model }

  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let (file, number) = model.place(of: tensor)
    return try session(of: file).withBytes(of: number, range, body)
  }

  func release(of tensor: Int, _ range: Range<Int>) {
    let (file, number) = model.place(of: tensor)
    session(of: file).release(of: number, range)
  }

  func repeatedBlock(of tensor: Int, _ range: Range<Int>) -> [UInt8]? {
    let (file, number) = model.place(of: tensor)
    return session(of: file).repeatedBlock(of: number, range)
  }

  private func session(of file: Int) -> HDF5Session {
    if let session = sessions[file] { return session }
    let session = model.makeSession(ofFile: file)
    sessions[file] = session
    return session
  }
}
