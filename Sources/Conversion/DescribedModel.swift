import Containers
import TensorModel

/// A model with the metadata of the files that it is written as.
final class DescribedModel: ModelLayer {
  let base: any ContainerReader
  let catalog: Catalog

  /// - Parameter metadata: of each file, in order.
  init(_ base: any ContainerReader, _ metadata: [[MetadataEntry]]) {
    self.base = base
    var catalog = base.catalog
    catalog.files = metadata.map { Catalog.File(path: "", byteCount: 0, metadata: $0) }
    for index in catalog.tensors.indices { catalog.tensors[index].file = 0 }
    self.catalog = catalog
  }

  func grid(of tensor: Int) -> ChunkGrid { base.grid(of: tensor) }
  func makeSession() -> any TensorSession { base.makeSession() }
}
