import TensorModel

/// A model with one more tensor behind its own, whose bytes lie in memory.
final class ModelWithTensor: ModelLayer {
  let base: any ContainerReader
  private let bytes: [UInt8]
  let catalog: Catalog

  var filePaths: [String] { base.filePaths }

  /// - Parameter name: of the tensor, which is U8 of one dimension.
  init(_ base: any ContainerReader, _ name: String, _ bytes: [UInt8]) throws(ModelError) {
    var catalog = base.catalog
    let info = try TensorInfo(name: name, dtype: .u8, shape: [bytes.count])
    catalog.tensors.append(Catalog.Entry(info: info, file: 0, offset: nil))
    self.base = base
    self.bytes = bytes
    self.catalog = catalog
  }

  private var number: Int { catalog.tensors.count - 1 }

  func grid(of tensor: Int) -> ChunkGrid {
    tensor == number ? ChunkGrid(catalog.tensors[tensor].info) : base.grid(of: tensor)
  }

  func makeSession() -> any TensorSession { Session(base.makeSession(), number, bytes) }

  private final class Session: TensorSession {
    private let base: any TensorSession
    private let number: Int
    private let bytes: [UInt8]

    init(_ base: any TensorSession, _ number: Int, _ bytes: [UInt8]) {
      self.base = base
      self.number = number
      self.bytes = bytes
    }

    func withBytes<Result: ~Copyable>(
      of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
      guard tensor == number else { return try base.withBytes(of: tensor, range, body) }
      let bytes = bytes
      return try body(unsafe bytes.span.bytes.extracting(range))
    }

    func release(of tensor: Int, _ range: Range<Int>) {
      if tensor != number { base.release(of: tensor, range) }
    }

    func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
      tensor == number ? nil : try base.repeatedBlock(of: tensor, range)
    }
  }
}
