import Containers
import Packing
import Synchronization
import TensorModel

/// A model in memory, cut into chunks of a size that the test chooses.
final class MemoryModel: ContainerReader {
  let formatName: String
  let path: String
  let catalog: Catalog
  let bytes: [[UInt8]]
  let chunkBytes: Int
  /// Tensors that exist only as one block, again and again.
  let repeatedBlocks: [Int: [UInt8]]
  let bytesRead = Mutex(0)

  init(
    _ tensors: [(info: TensorInfo, bytes: [UInt8])], chunkBytes: Int = ChunkGrid.defaultChunkBytes,
    metadata: [MetadataEntry] = [], path: String = "model.safetensors", formatName: String = "safetensors",
    repeatedBlocks: [Int: [UInt8]] = [:]
  ) {
    self.path = path
    self.formatName = formatName
    self.chunkBytes = chunkBytes
    self.repeatedBlocks = repeatedBlocks
    var offset = 8
    var entries: [Catalog.Entry] = []
    for tensor in tensors {
      entries.append(Catalog.Entry(info: tensor.info, file: 0, offset: offset))
      offset += tensor.info.byteCount
    }
    bytes = tensors.map(\.bytes)
    catalog = Catalog(
      files: [Catalog.File(path: path, byteCount: offset, metadata: metadata)], tensors: entries)
  }

  var byteCount: Int { catalog.files[0].byteCount }
  func grid(of tensor: Int) -> ChunkGrid { ChunkGrid(catalog.tensors[tensor].info, target: chunkBytes) }
  func makeSession() -> any TensorSession { Session(self) }

  private final class Session: TensorSession {
    let model: MemoryModel
    init(_ model: MemoryModel) { self.model = model }

    func withBytes<Result: ~Copyable>(
      of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
      guard range.upperBound <= model.bytes[tensor].count else {
        throw ModelError(.inputOutput, "the bytes end at \(model.bytes[tensor].count)", at: range.upperBound)
      }
      model.bytesRead.withLock { $0 += range.count }
      let all = model.bytes[tensor]
      return try body(unsafe all.span.bytes.extracting(range))
    }

    func release(of tensor: Int, _ range: Range<Int>) {}

    func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
      model.repeatedBlocks[tensor]
    }
  }
}

/// The same as a packed model: 5 bytes for its first tensor, 6 for the next.
final class PackedModel: ContainerReader, PackedCatalog {
  let model: MemoryModel
  let canonicalZeros: Int

  init(_ model: MemoryModel, canonicalZeros: Int = 0) {
    self.model = model
    self.canonicalZeros = canonicalZeros
  }

  var formatName: String { "tare" }
  var path: String { model.path }
  var byteCount: Int { 100 }
  var catalog: Catalog { model.catalog }
  func makeSession() -> any TensorSession { model.makeSession() }
  func packedByteCount(of tensor: Int) -> Int { 5 + tensor }
  func encodings(of tensor: Int) -> [String: Int] { ["fused": 2, "constant": 1] }
}

/// A tensor of 32-bit floats.
func floats(_ name: String, _ shape: [Int], _ values: [Float]) throws -> (info: TensorInfo, bytes: [UInt8]) {
  let info = try TensorInfo(name: name, dtype: .f32, shape: shape)
  precondition(info.elementCount == values.count)
  let bytes = values.flatMap { value in
    (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
  }
  return (info, bytes)
}

/// Packs every chunk into a tenth, and says which encoding by its first byte.
struct TenthEstimating: PackedSizeEstimating {
  final class Estimator: PackedSizeEstimator {
    func pack(_ chunk: RawSpan, of info: TensorInfo, _ range: Range<Int>) -> PackedChunk {
      let first = unsafe chunk.unsafeLoad(fromByteOffset: 0, as: UInt8.self)
      return PackedChunk(byteCount: chunk.byteCount / 10, encoding: first == 0 ? "raw" : "planes")
    }

    func pack(repeating block: [UInt8], of info: TensorInfo, _ range: Range<Int>) -> PackedChunk {
      PackedChunk(byteCount: 16, encoding: "constant")
    }
  }

  func makeEstimator() -> any PackedSizeEstimator { Estimator() }
}
