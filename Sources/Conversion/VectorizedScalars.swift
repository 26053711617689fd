public import Containers
public import TensorModel

/// A model whose tensors have a dimension each: of those that have none, one of size 1. Readers of GGUF fail on a tensor
/// without dimensions.
public final class VectorizedScalars: ModelLayer {
  public let base: any ContainerReader
  public let catalog: Catalog
  /// How many tensors have no dimension in `base`.
  public let count: Int

  public init(_ base: any ContainerReader) throws(ModelError) {
    var catalog = base.catalog
    var count = 0
    for index in catalog.tensors.indices where catalog.tensors[index].info.shape.isEmpty {
      let info = catalog.tensors[index].info
      catalog.tensors[index].info = try TensorInfo(name: info.name, dtype: info.dtype, shape: [1])
      count += 1
    }
    self.base = base
    self.catalog = catalog
    self.count = count
  }

  public func grid(of tensor: Int) -> ChunkGrid { base.grid(of: tensor) }
  public func makeSession() -> any TensorSession { base.makeSession() }
}
