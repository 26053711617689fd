public import Containers
public import TensorModel

/// A model whose tensors have other names.
public final class RenamedModel: ModelLayer {
  public let base: any ContainerReader
  public let catalog: Catalog
  /// How many tensors have another name than before.
  public let renamedCount: Int

  /// Applies `rules` to each name in order, each to what the one before it made.
  /// - Throws: `usage` for a rule that fits no tensor, and where two tensors that had different names would have one.
  public init(_ base: any ContainerReader, _ rules: [RenameRule]) throws(ModelError) {
    var catalog = base.catalog
    var isUsed = rules.map { _ in false }
    var renamedCount = 0
    for index in catalog.tensors.indices {
      let info = catalog.tensors[index].info
      var name = info.name
      for (number, rule) in rules.enumerated() {
        guard let renamed = rule.renamed(name) else { continue }
        isUsed[number] = true
        name = renamed
      }
      guard !name.utf8.elementsEqual(info.name.utf8) else { continue }
      renamedCount += 1
      catalog.tensors[index].info = try TensorInfo(name: name, dtype: info.dtype, shape: info.shape)
    }
    if let unused = isUsed.firstIndex(of: false) {
      throw ModelError(.usage, "--rename '\(rules[unused])' fits no tensor")
    }
    try Self.demandDistinct(base.catalog, catalog)
    self.base = base
    self.catalog = catalog
    self.renamedCount = renamedCount
  }

  private static func demandDistinct(_ before: Catalog, _ after: Catalog) throws(ModelError) {
    var names = NameIndex()
    var holders: [Int] = []
    for (index, tensor) in after.tensors.enumerated() {
      guard let number = names.insert(tensor.info.name) else {
        holders.append(index)
        continue
      }
      let (first, second) = (before.tensors[holders[number]].info.name, before.tensors[index].info.name)
      guard !first.utf8.elementsEqual(second.utf8) else { continue }
      throw ModelError(.usage, "tensors '\(first)' and '\(second)' would both be named '\(tensor.info.name)'")
    }
  }

  public func grid(of tensor: Int) -> ChunkGrid { base.grid(of: tensor) }
  public func makeSession() -> any TensorSession { base.makeSession() }
}
