public import Containers
public import TensorModel

/// Some of a model's tensors.
public final class SelectedModel: ModelLayer {
  public let base: any ContainerReader
  public let catalog: Catalog
  /// Per tensor, its number in `base`.
  private let numbers: [Int]

  /// The tensors whose names `filter` accepts, in their order.
  public init(_ base: any ContainerReader, _ filter: NameFilter) {
    let numbers = base.catalog.tensors.indices.filter { filter.accepts(base.catalog.tensors[$0].info.name) }
    self.base = base
    self.numbers = numbers
    catalog = Catalog(files: base.catalog.files, tensors: numbers.map { base.catalog.tensors[$0] })
  }

  /// The tensors of some of the files, which alone are the model's files then.
  init(_ base: any ContainerReader, files: [Int]) {
    let places = Dictionary(uniqueKeysWithValues: files.enumerated().map { ($1, $0) })
    let numbers = base.catalog.tensors.indices.filter { places[base.catalog.tensors[$0].file] != nil }
    self.base = base
    self.numbers = numbers
    catalog = Catalog(
      files: files.map { base.catalog.files[$0] },
      tensors: numbers.map {
        var entry = base.catalog.tensors[$0]
        entry.file = places[entry.file]!
        return entry
      })
  }

  public func grid(of tensor: Int) -> ChunkGrid { base.grid(of: numbers[tensor]) }
  public func makeSession() -> any TensorSession { SelectedSession(base.makeSession(), numbers) }
}

private final class SelectedSession: TensorSession {
  private let base: any TensorSession
  private let numbers: [Int]

  init(_ base: any TensorSession, _ numbers: [Int]) {
    self.base = base
    self.numbers = numbers
  }

  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    try base.withBytes(of: numbers[tensor], range, body)
  }

  func release(of tensor: Int, _ range: Range<Int>) { base.release(of: numbers[tensor], range) }

  func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
    try base.repeatedBlock(of: numbers[tensor], range)
  }
}
