import Codecs
import Containers
import Kernels
import TensorModel

/// Transforms as the index of a packed file states them (`formats/packed.md`, section 4).
extension ByteTransform {
  var id: Int {
    switch self {
    case .swap: 1
    case .shuffle: 2
    case .deflate: 3
    case .fletcher32: 4
    case .foreign(let id, _): id
    }
  }

  var parameters: [UInt8] {
    var writer = ByteWriter()
    switch self {
    case .swap(let words):
      for run in words {
        writer.varint(run.byteCount)
        writer.varint(run.count)
      }
    case .shuffle(let elementBytes): writer.varint(elementBytes)
    case .deflate(let level):
      writer.byte(UInt8(level))
      writer.integer(ZlibIdentity.hash(level: level))
    case .fletcher32: break
    case .foreign(_, let parameters): return parameters
    }
    return writer.bytes
  }

  /// - Parameter origin: where the parameters begin in the file, for errors.
  /// - Throws: `malformed` where the parameters are none that the transform has.
  init(id: Int, parameters: [UInt8], origin: Int = 0) throws(ModelError) {
    var cursor = unsafe ByteCursor(parameters.span.bytes, origin: origin)
    switch id {
    case 1: self = .swap(try Self.words(&cursor))
    case 2:
      let elementBytes = try cursor.varint("the bytes of an element")
      guard elementBytes > 0 else { throw ModelError(.malformed, "elements of no bytes are shuffled") }
      self = .shuffle(elementBytes: elementBytes)
    case 3:
      let level = Int(try cursor.byte("a level of zlib"))
      let identity = try cursor.integer(UInt64.self, "the identity of a zlib")
      guard level <= 9 else { throw ModelError(.malformed, "level \(level) of zlib, expected at most 9") }
      let isOurs = identity == ZlibIdentity.hash(level: level)
      self = isOurs ? .deflate(level: level) : .foreign(id: id, parameters: parameters)
    case 4: self = .fletcher32
    default:
      self = .foreign(id: id, parameters: parameters)
      return
    }
    try cursor.end(of: "the parameters of a transform")
  }

  private static func words(_ cursor: inout ByteCursor) throws(ModelError) -> [ByteSwap.Words] {
    var words: [ByteSwap.Words] = []
    while cursor.remaining > 0 {
      let byteCount = try cursor.varint("the bytes of a word")
      let count = try cursor.varint("the number of words")
      guard [1, 2, 4, 8].contains(byteCount), (1...ChunkGrid.maximumChunkBytes).contains(count) else {
        throw ModelError(.malformed, "\(count) words of \(byteCount) bytes")
      }
      words.append(ByteSwap.Words(byteCount: byteCount, count: count))
    }
    guard !words.isEmpty else { throw ModelError(.malformed, "a block of no words") }
    return words
  }

  /// Why this build can't apply it; nil where it can.
  var obstacle: ModelError? {
    guard case .foreign(let id, _) = self else { return nil }
    return ModelError(
      .unsupported,
      id == 3
        ? "parts of it were compressed by a zlib that writes other bytes than this one: it can't be rebuilt here"
        : "parts of it are made by transform \(id), which this version does not know")
  }
}

/// What tells one zlib from another: what it makes of bytes that are given.
enum ZlibIdentity {
  /// The hash of the stream that this build's zlib writes of them.
  static func hash(level: Int) -> UInt64 { hashes[level] }

  private static let hashes = (0...9).map { level in
    let sample = (0..<65_536).map { UInt8(truncatingIfNeeded: ($0 * $0) >> ($0 % 13)) }
    let compressor = ZlibCompressor(level: level)
    return unsafe sample.withUnsafeBytes { sample in
      let room = UnsafeMutableRawBufferPointer.allocate(
        byteCount: ZlibCompressor.bound(sample.count), alignment: 16)
      defer { unsafe room.deallocate() }
      let count = unsafe compressor.compress(sample, into: room)!
      return unsafe XXH3.hash(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: room[..<count])))
    }
  }
}
