import Codecs
public import Containers
public import TensorModel

/// A model with logical tensors in the place of the arrays that make them up.
public final class LogicalModel: ModelLayer {
  /// Where a tensor comes from.
  fileprivate enum Source: Sendable {
    case array(Int)
    case logical(LogicalTensor, any Schema)
  }

  public let base: any ContainerReader
  public let catalog: Catalog
  private let sources: [Source]

  public var filePaths: [String] { base.filePaths }

  /// - Parameters:
  ///   - tensors: logical tensors of `base`, of schemas that this build knows.
  ///   - alone: whether arrays that are no part of one are left out.
  public init(_ base: any ContainerReader, _ tensors: [LogicalTensor], alone: Bool = false) {
    let heads = Dictionary(uniqueKeysWithValues: tensors.map { ($0.parts[0].tensor, $0) })
    let parts = Set(tensors.flatMap { $0.parts.map(\.tensor) })
    var catalog = base.catalog
    catalog.tensors = []
    var sources: [Source] = []
    for (number, entry) in base.catalog.tensors.enumerated() {
      if let tensor = heads[number] {
        guard let schema = SchemaRegistry.named(tensor.schema) else {
          preconditionFailure("schema '\(tensor.schema)' is not registered")
        }
        catalog.tensors.append(Catalog.Entry(info: tensor.info, file: entry.file, offset: nil))
        sources.append(.logical(tensor, schema))
      } else if !alone, !parts.contains(number) {
        catalog.tensors.append(entry)
        sources.append(.array(number))
      }
    }
    self.base = base
    self.catalog = catalog
    self.sources = sources
  }

  /// The chunks of the first part, so that a packed one is decoded once; others where the elements are of another size.
  public func grid(of tensor: Int) -> ChunkGrid {
    switch sources[tensor] {
    case .array(let number): return base.grid(of: number)
    case .logical(let logical, _):
      let head = base.grid(of: logical.parts[0].tensor)
      return head.byteCount == logical.info.byteCount ? head : ChunkGrid(logical.info)
    }
  }

  public func makeSession() -> any TensorSession { LogicalSession(base, sources) }
}

/// Reads logical tensors into a buffer of its own.
private final class LogicalSession: TensorSession {
  private let catalog: Catalog
  private let base: any TensorSession
  private let sources: [LogicalModel.Source]
  private let buffer = ScratchBuffer()

  init(_ base: any ContainerReader, _ sources: [LogicalModel.Source]) {
    catalog = base.catalog
    self.base = base.makeSession()
    self.sources = sources
  }

  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    switch sources[tensor] {
    case .array(let number): return try base.withBytes(of: number, range, body)
    case .logical(let logical, let schema):
      guard !range.isEmpty else { return try body(RawSpan()) }
      let width = logical.info.dtype.blockBytes
      let elements = range.lowerBound / width..<(range.upperBound - 1) / width + 1
      let words = unsafe buffer.raw(elements.count * width)
      try unsafe schema.read(elements, of: logical, in: catalog, through: base, into: words)
      let start = unsafe words + (range.lowerBound - elements.lowerBound * width)
      return try body(unsafe RawSpan(_unsafeStart: start, byteCount: range.count))
    }
  }

  func release(of tensor: Int, _ range: Range<Int>) {
    switch sources[tensor] {
    case .array(let number): base.release(of: number, range)
    case .logical(let logical, _):
      guard !range.isEmpty else { return }
      // The same share of every part, whose elements may be of another size.
      let whole = logical.info.byteCount
      for part in logical.parts {
        let byteCount = catalog.tensors[part.tensor].info.byteCount
        func share(_ position: Int) -> Int {
          whole.dividingFullWidth(byteCount.multipliedFullWidth(by: position)).quotient
        }
        base.release(of: part.tensor, share(range.lowerBound)..<share(range.upperBound))
      }
    }
  }

  func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
    guard case .array(let number) = sources[tensor] else { return nil }
    return try base.repeatedBlock(of: number, range)
  }
}
