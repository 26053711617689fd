import ByteStore
import Kernels
public import TensorModel

/// A model in one HDF5 file. Its tensors' bytes are lent from the map where they lie there in one piece; big-endian ones
/// are turned as they are lent.
public final class HDF5Model: ContainerReader {
  public let path: String
  public let file: HDF5File
  public let catalog: Catalog

  public var formatName: String { "hdf5" }
  public var byteCount: Int { file.map.byteCount }
  public var filePaths: [String] { [file.path] }

  /// - Parameters:
  ///   - path: what was opened: a file or a folder.
  ///   - name: the file's, relative to the folder that holds it.
  init(path: String, name: String, file: HDF5File) {
    self.path = path
    self.file = file
    catalog = Catalog(
      files: [Catalog.File(path: name, byteCount: file.map.byteCount, metadata: file.header.metadata)],
      tensors: file.header.tensors.map { Catalog.Entry(info: $0.info, file: 0, offset: $0.offset) },
      omissions: file.header.omissions)
  }

  /// Of chunked datasets, as many rows as one chunk has, or several, so that few chunks have something for two workers.
  public func grid(of tensor: Int) -> ChunkGrid {
    guard case .chunked(let chunks) = file.header.tensors[tensor].storage else {
      return ChunkGrid(catalog.tensors[tensor].info)
    }
    return chunks.bands(of: catalog.tensors[tensor].info)
  }

  public func demandUnchanged() throws(ModelError) {
    try within(file.path) { () throws(ModelError) in try file.map.demandUnchanged() }
  }

  public func storage(of tensor: Int) -> TensorStorage? {
    let tensor = file.header.tensors[tensor]
    return TensorStorage(layout: tensor.layoutText, byteCount: tensor.storedBytes)
  }

  public func makeSession() -> any TensorSession { HDF5Session(file) }
}
