package import TensorModel

/// Tensors of an HDF5 file that are read through its bytes by those who have no more than these: the views of a packed
/// file (`formats/packed.md`, section 4).
package final class HDF5Views: Sendable {
  let tensors: [HDF5Tensor]
  private let cache = HDF5ChunkCache()

  /// - Parameter tensors: proved, without a `viewObstacle`.
  init(_ tensors: [HDF5Tensor]) { self.tensors = tensors }

  package var infos: [TensorInfo] { tensors.map(\.info) }

  /// Where the first of a tensor's bytes lies in the file; nil where none does.
  package func start(of number: Int) -> Int? {
    switch tensors[number].storage {
    case .place(let place): place
    case .chunked(let chunks): chunks.stored.lazy.map { Int($0.offset) }.min()
    case .bytes, .fill, .unsupported: nil
    }
  }

  package func grid(of number: Int) -> ChunkGrid { tensors[number].grid }

  package func storage(of number: Int) -> TensorStorage { tensors[number].storageForPeople }

  /// How many pieces of the file hold a tensor.
  package func pieceCount(of number: Int) -> Int {
    if case .chunked(let chunks) = tensors[number].storage { chunks.stored.count } else { 1 }
  }

  /// One worker's view of the tensors.
  /// - Parameter bytes: those of the file.
  package func makeSession(_ bytes: any HDF5Bytes) -> any TensorSession {
    HDF5Session(tensors, in: bytes, cache: cache, makeHelper: nil)
  }
}

extension HDF5Tensor {
  /// Why those can't read it who have no more than the file's bytes; nil where they can.
  var viewObstacle: String? {
    switch storage {
    case .place: nil
    case .chunked(let chunks): chunks.viewObstacle
    case .unsupported(let reason): reason
    case .bytes, .fill: "lies over another"
    }
  }

  /// The chunks in which it is read best: of chunked datasets, as many rows as one chunk has, or several, so that few
  /// chunks have something for two workers.
  var grid: ChunkGrid {
    if case .chunked(let chunks) = storage { chunks.bands(of: info) } else { ChunkGrid(info) }
  }

  var storageForPeople: TensorStorage { TensorStorage(layout: layoutText, byteCount: storedBytes) }
}

extension HDF5Chunks {
  var viewObstacle: String? {
    if isDecodedByLibrary { return "went through \(filters.description), which only libhdf5 undoes" }
    return hasViewableSizes ? nil : "has chunks that take more than twice their bytes"
  }

  /// Whether what is read of the file for one chunk is no more than a chunk that is decoded can take.
  var hasViewableSizes: Bool {
    filters.filters.isEmpty || stored.allSatisfy { Int($0.byteCount) <= 2 * byteCount + 65_536 }
  }
}
