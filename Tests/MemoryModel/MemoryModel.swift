public import Containers
import Synchronization
public import TensorModel

/// A model in memory, for tests of what stands above `ContainerReader`.
///
/// It lends bytes at an odd address, can pretend that bytes are damaged, can know that a tensor is one repeated block
/// without holding its bytes, and counts what is read.
public final class MemoryModel: ContainerReader {
  public struct Tensor: Sendable {
    public var info: TensorInfo
    public var file = 0
    public var bytes: [UInt8]
    /// The block that fills the tensor; `bytes` is empty then.
    public var block: [UInt8]?
    /// Bytes whose reading fails.
    public var damage: Range<Int>?

    public init(_ name: String, _ dtype: DType, _ shape: [Int], _ bytes: [UInt8], file: Int = 0) {
      // A wrong shape is a mistake in the test.
      self.info = try! TensorInfo(name: name, dtype: dtype, shape: shape)
      self.bytes = bytes
      self.file = file
      precondition(bytes.count == info.byteCount)
    }

    public init(_ name: String, _ dtype: DType, _ shape: [Int], repeating block: [UInt8]) {
      self.info = try! TensorInfo(name: name, dtype: dtype, shape: shape)
      self.bytes = []
      self.block = block
    }
  }

  public let formatName: String
  public let path: String
  public let catalog: Catalog
  private let tensors: [Tensor]
  private let chunkBytes: Int
  private let read = Atomic<Int>(0)

  /// - Parameter hasOffsets: whether the catalog says where tensors lie, as if they were one file, one behind the other.
  public init(
    _ tensors: [Tensor], path: String = "memory", formatName: String = "memory", files: [String] = ["memory"],
    metadata: [MetadataEntry] = [], chunkBytes: Int = ChunkGrid.defaultChunkBytes, hasOffsets: Bool = false
  ) {
    self.formatName = formatName
    self.tensors = tensors
    self.path = path
    self.chunkBytes = chunkBytes
    var offset = 0
    let entries = tensors.map { tensor in
      defer { offset += tensor.bytes.count }
      return Catalog.Entry(info: tensor.info, file: tensor.file, offset: hasOffsets ? offset : nil)
    }
    catalog = Catalog(
      files: files.map { Catalog.File(path: $0, byteCount: 0, metadata: metadata) }, tensors: entries)
  }

  public var byteCount: Int { tensors.reduce(0) { $0 + $1.bytes.count } }
  /// The tensors' bytes one behind the other, as the offsets in the catalog count them.
  public var bytes: [UInt8] { tensors.flatMap(\.bytes) }
  /// Bytes that sessions have lent.
  public var bytesRead: Int { read.load(ordering: .relaxed) }

  public func grid(of tensor: Int) -> ChunkGrid { ChunkGrid(catalog.tensors[tensor].info, target: chunkBytes) }
  public func demandUnchanged() {}
  public func makeSession() -> any TensorSession { Session(model: self) }

  private final class Session: TensorSession {
    private let model: MemoryModel

    init(model: MemoryModel) { self.model = model }

    func withBytes<Result: ~Copyable>(
      of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
      let tensor = model.tensors[tensor]
      precondition(range.lowerBound >= 0 && range.upperBound <= tensor.info.byteCount)
      if let damage = tensor.damage, damage.overlaps(range) {
        throw ModelError(.damaged, "a checksum does not hold", at: damage.lowerBound)
      }
      model.read.wrappingAdd(range.count, ordering: .relaxed)
      let content = tensor.block.map { block in range.map { block[$0 % block.count] } } ?? Array(tensor.bytes[range])
      let buffer = [0xEE] + content
      let lent = unsafe buffer.span.bytes
      return try body(lent.extracting(1..<buffer.count))
    }

    func release(of tensor: Int, _ range: Range<Int>) {}

    func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
      model.tensors[tensor].block
    }
  }
}
