import Containers
import MemoryModel
import Packing
import TensorModel

extension MemoryModel {
  /// What inspection takes for a safetensors file.
  /// - Parameter repeatedBlocks: by tensor, the block that fills it.
  convenience init(
    _ tensors: [(info: TensorInfo, bytes: [UInt8])], chunkBytes: Int = ChunkGrid.defaultChunkBytes,
    metadata: [MetadataEntry] = [], path: String = "model.safetensors", repeatedBlocks: [Int: [UInt8]] = [:]
  ) {
    self.init(
      tensors.enumerated().map { number, tensor in
        let info = tensor.info
        return repeatedBlocks[number].map { Tensor(info.name, info.dtype, info.shape, repeating: $0) }
          ?? Tensor(info.name, info.dtype, info.shape, tensor.bytes)
      }, path: path, formatName: "safetensors", files: [path], metadata: metadata, chunkBytes: chunkBytes,
      hasOffsets: true)
  }
}

/// The same as a packed model: 5 bytes for its first tensor, 6 for the next.
final class PackedModel: ContainerReader, PackedCatalog {
  let model: MemoryModel
  let canonicalZeros: Int
  var baseName: String? { nil }

  init(_ model: MemoryModel, canonicalZeros: Int = 0) {
    self.model = model
    self.canonicalZeros = canonicalZeros
  }

  var formatName: String { "tare" }
  var path: String { model.path }
  var byteCount: Int { 100 }
  var catalog: Catalog { model.catalog }
  func demandUnchanged() {}
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
    func survey(
      _ info: TensorInfo, in window: Range<Int>,
      bytes: (Range<Int>, (RawSpan) throws(ModelError) -> Void) throws(ModelError) -> Void
    ) -> TensorSurvey { TensorSurvey() }

    func pack(_ chunk: RawSpan, of info: TensorInfo, _ range: Range<Int>, _ survey: TensorSurvey) -> PackedChunk {
      let first = unsafe chunk.unsafeLoad(fromByteOffset: 0, as: UInt8.self)
      return PackedChunk(byteCount: chunk.byteCount / 10, encoding: first == 0 ? "raw" : "planes")
    }

    func pack(repeating block: [UInt8], of info: TensorInfo, _ range: Range<Int>) -> PackedChunk {
      PackedChunk(byteCount: 16, encoding: "constant")
    }
  }

  func makeEstimator() -> any PackedSizeEstimator { Estimator() }
}
