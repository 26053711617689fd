public import Containers
import Packing
import Synchronization
public import TensorModel

/// The SHA-256 of each of a model's tensors: of its elements, row-major and little-endian, whatever container holds them.
public struct ValueDigests: Hashable, Sendable {
  public struct Tensor: Hashable, Sendable {
    public var name: String
    /// As the format names it; this build need not know it.
    public var dtype: String
    public var shape: [Int]
    public var sha256: SHA256Digest
  }

  /// In file order.
  public var tensors: [Tensor]

  /// One number for all of them, the same for any order: SHA-256 over the records of the tensors, sorted by their bytes. A
  /// record is the length of the name and the name, the same of the dtype, the rank and the dimensions, then the digest;
  /// numbers are unsigned integers of 64 bits, little-endian.
  public var sha256: SHA256Digest {
    let records = tensors.map(Self.record).sorted { $0.lexicographicallyPrecedes($1) }
    var hash = SHA256()
    for record in records { unsafe hash.update(record.span.bytes) }
    return hash.finish()
  }

  private static func record(_ tensor: Tensor) -> [UInt8] {
    var record = ByteWriter()
    for text in [tensor.name, tensor.dtype] {
      record.integer(UInt64(text.utf8.count))
      record.append(text.utf8)
    }
    record.integer(UInt64(tensor.shape.count))
    for dimension in tensor.shape { record.integer(UInt64(dimension)) }
    record.append(tensor.sha256.bytes)
    return record.bytes
  }

  /// Reads every tensor once, in chunks, one tensor per thread at a time.
  /// - Parameter progress: is told of bytes done, from any thread.
  /// - Throws: what reading throws, and `malformed` where the tensors are so much larger than the model's files that
  ///   hashing them would not end.
  public static func of(
    _ model: any ContainerReader, threads: Int, progress: @Sendable (Int) -> Void = { _ in }
  ) throws(ModelError) -> ValueDigests {
    try demandSize(model)
    let tensors = model.catalog.tensors
    let found = Mutex([SHA256Digest?](repeating: nil, count: tensors.count))
    try Pump.run(items: tensors.count, threads: threads) { () throws(ModelError) in
      TensorHasher(model)
    } work: { worker, item throws(ModelError) in
      let digest = try within(model.path) { () throws(ModelError) in
        try within("tensor '\(tensors[item].info.name)'") { () throws(ModelError) in try worker.hash(item, progress) }
      }
      found.withLock { $0[item] = digest }
    }
    return ValueDigests(
      tensors: zip(tensors, found.withLock { $0 }).compactMap { tensor, digest in
        digest.map {
          Tensor(name: tensor.info.name, dtype: tensor.info.dtype.name, shape: tensor.info.shape, sha256: $0)
        }
      })
  }

  private static func demandSize(_ model: any ContainerReader) throws(ModelError) {
    var stored = 0
    for path in model.filePaths {
      stored += try within(path) { () throws(ModelError) in try FileStatus(path: path).byteCount }
    }
    // The sizes of single tensors are proved, their sum is not.
    let claimed = model.catalog.tensors.reduce(0.0) { $0 + Double($1.info.byteCount) }
    let factor = Limits().expansion
    guard claimed <= Double(64 << 20) || claimed <= Double(factor) * Double(stored) else {
      throw ModelError(.malformed, "holds tensors more than \(factor) times as large as it is, too many bytes to hash")
        .inside(model.path)
    }
  }

  /// One thread's view of a model.
  private final class TensorHasher {
    private let model: any ContainerReader
    private let session: any TensorSession

    init(_ model: any ContainerReader) {
      self.model = model
      session = model.makeSession()
    }

    func hash(_ tensor: Int, _ progress: (Int) -> Void) throws(ModelError) -> SHA256Digest {
      var hash = SHA256()
      let grid = model.grid(of: tensor)
      for chunk in 0..<grid.count {
        let range = grid.bytes(ofChunk: chunk)
        try session.withBytes(of: tensor, range) { hash.update($0) }
        session.release(of: tensor, range)
        progress(range.count)
      }
      return hash.finish()
    }
  }
}
