import ByteStore
import TensorModel

/// One number for the tensors of a model, the same in every container, shard and order: their names, dtypes, shapes and
/// bytes.
///
/// A tensor's digest is the hash of its name, dtype, shape, and the length and hash of each chunk of its default grid. The
/// model's digest is the hash of its tensors' digests, sorted.
struct ModelDigest {
  /// Lengths and hashes of the pieces of each tensor.
  private var pieces: [ByteWriter]

  init(_ tensors: Int) { pieces = Array(repeating: ByteWriter(), count: tensors) }

  /// Takes in the next piece of a tensor.
  mutating func add(byteCount: Int, hash: UInt64, to tensor: Int) {
    pieces[tensor].integer(UInt64(byteCount))
    pieces[tensor].integer(hash)
  }

  /// The digest in 16 hexadecimal digits.
  func value(_ tensors: [TensorInfo], _ hash: (RawSpan) -> UInt64) -> String {
    let digests = zip(tensors, pieces).map { info, pieces in
      var record = ByteWriter()
      record.string(info.name)
      record.string(info.dtype.name)
      record.varint(info.shape.count)
      for dimension in info.shape { record.integer(UInt64(dimension)) }
      record.append(pieces.bytes)
      return unsafe hash(record.bytes.span.bytes)
    }
    var all = ByteWriter()
    for digest in digests.sorted() { all.integer(digest) }
    let digits = String(unsafe hash(all.bytes.span.bytes), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
