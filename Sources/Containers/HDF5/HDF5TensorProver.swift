import Filters
import HDF5Protocol
import TensorModel

/// Proves datasets against the size of their file.
struct HDF5TensorProver {
  enum Outcome {
    case tensor(HDF5Tensor)
    /// It is none, for this reason.
    case none(String)
  }

  private let fileByteCount: Int
  private let isBrainFloat: Bool
  private var room: HDF5Room

  /// - Parameter isBrainFloat: whether opaque elements of two bytes are BF16.
  init(fileByteCount: Int, limits: Limits, isBrainFloat: Bool) {
    self.fileByteCount = fileByteCount
    self.isBrainFloat = isBrainFloat
    room = HDF5Room(fileByteCount: fileByteCount, limits: limits)
  }

  /// - Throws: `malformed` where what is said of the dataset does not hold.
  mutating func prove(
    _ entry: HDF5Catalogue.Entry, _ dataset: HDF5Dataset, name: String
  ) throws(ModelError) -> Outcome {
    guard case .simple(let extent) = dataset.space else { return .none("a null dataspace") }
    let marks = HDF5TypeMarks(entry.object.attributes, isBrainFloat: isBrainFloat)
    guard let element = HDF5ElementType(dataset.type, marks: marks) else { return .none(dataset.type.kindText) }
    let info = try TensorInfo(name: name, dtype: element.dtype, shape: extent + element.shape)
    try room.take(info)
    var tensor = HDF5Tensor(
      info: info, path: entry.object.path, headerAddress: entry.object.address, isSwapped: element.isBigEndian,
      fill: try fill(dataset, element))
    switch dataset.layout {
    case .compact(let bytes): try store(compact: bytes, in: &tensor)
    case .contiguous(let offset, let byteCount): try store(contiguous: offset, byteCount, in: &tensor)
    case .chunked(let chunk): try store(chunked: chunk, entry.chunks, element, rank: extent.count, in: &tensor)
    case .virtual:
      tensor.layoutText = "virtual"
      tensor.storage = .unsupported("is a virtual dataset, made up of others")
    case .external(let files):
      tensor.layoutText = "external"
      tensor.storage = .unsupported("lies in another file, '\(files.first?.text ?? "")'")
    }
    return .tensor(tensor)
  }

  private func store(compact bytes: [UInt8], in tensor: inout HDF5Tensor) throws(ModelError) {
    guard bytes.count == tensor.info.byteCount else { throw otherSize(UInt64(bytes.count), tensor.info) }
    tensor.layoutText = "compact"
    tensor.storage = .bytes(bytes)
    tensor.storedBytes = bytes.count
  }

  private func store(
    contiguous offset: UInt64?, _ byteCount: UInt64, in tensor: inout HDF5Tensor
  ) throws(ModelError) {
    let info = tensor.info
    guard let offset, info.byteCount > 0 else { return }
    guard byteCount == info.byteCount else { throw otherSize(byteCount, info) }
    guard let place = Int(exactly: offset), place <= fileByteCount, info.byteCount <= fileByteCount - place else {
      throw ModelError(
        .malformed,
        "offset \(offset) of \(info.byteCount) bytes, but the file ends after \(fileByteCount): it is truncated")
    }
    tensor.storage = .place(place)
    tensor.storedBytes = info.byteCount
  }

  private func store(
    chunked layout: HDF5ChunkLayout, _ stored: [HDF5Chunk], _ element: HDF5ElementType, rank: Int,
    in tensor: inout HDF5Tensor
  ) throws(ModelError) {
    let filters = try FilterPipeline(
      layout.filters.map {
        ChunkFilter(id: $0.id, isOptional: $0.flags & 1 != 0, parameters: $0.parameters)
      })
    let chunks = try HDF5Chunks(
      extent: tensor.info.shape, shape: layout.shape + element.shape, datasetRank: rank,
      elementBytes: element.dtype.blockBytes, stored, filters: filters, leavesEdges: layout.leavesEdges,
      fileByteCount: fileByteCount)
    tensor.layoutText = chunks.layoutText
    tensor.storedBytes = chunks.storedBytes
    tensor.storage = chunks.storage
  }

  private func otherSize(_ found: UInt64, _ info: TensorInfo) -> ModelError {
    ModelError(
      .malformed, "\(found) bytes are stored, expected \(info.byteCount) for \(info.dtype.name) \(info.shape)")
  }

  /// The bytes that repeat where nothing was written: those of one element, zeros where the file names none.
  private func fill(_ dataset: HDF5Dataset, _ element: HDF5ElementType) throws(ModelError) -> [UInt8] {
    guard let fill = dataset.fill else { return [UInt8](repeating: 0, count: element.dtype.blockBytes) }
    guard fill.count == dataset.type.byteCount, fill.count % element.dtype.blockBytes == 0 else {
      throw ModelError(.malformed, "a fill value of \(fill.count) bytes, expected \(dataset.type.byteCount)")
    }
    return fill
  }
}
