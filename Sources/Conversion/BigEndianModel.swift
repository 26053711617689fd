import Containers
import Kernels
import TensorModel

/// A model whose tensors are lent with the highest byte of each number first, those of the fields of blocks too: for a
/// file that holds them so. It is no model to read numbers from.
final class BigEndianModel: ModelLayer {
  let base: any ContainerReader
  var catalog: Catalog { base.catalog }

  init(_ base: any ContainerReader) { self.base = base }

  func grid(of tensor: Int) -> ChunkGrid { base.grid(of: tensor) }
  func makeSession() -> any TensorSession { Session(base.makeSession(), base.catalog) }

  private final class Session: TensorSession {
    private let base: any TensorSession
    private let catalog: Catalog

    init(_ base: any TensorSession, _ catalog: Catalog) {
      self.base = base
      self.catalog = catalog
    }

    func withBytes<Result: ~Copyable>(
      of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
      let dtype = catalog.tensors[tensor].info.dtype
      guard ByteSwap.changes(dtype) else { return try base.withBytes(of: tensor, range, body) }
      return try ByteSwap.withBlocks(dtype, range, body) { (blocks, turn) throws(ModelError) in
        try base.withBytes(of: tensor, blocks, turn)
      }
    }

    func release(of tensor: Int, _ range: Range<Int>) { base.release(of: tensor, range) }

    /// Zeros are zeros in any order.
    func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
      let block = try base.repeatedBlock(of: tensor, range)
      return block?.allSatisfy { $0 == 0 } == true ? block : nil
    }
  }
}
