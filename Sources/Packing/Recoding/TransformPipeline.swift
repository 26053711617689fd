import Codecs
import Containers
import Kernels
import TensorModel

/// Applies the transforms of a recoding: one worker's.
@safe final class TransformPipeline {
  private let buffers = (ScratchBuffer(), ScratchBuffer())
  private var deflater: ZlibCompressor?

  /// Lends what the transforms, one after the other, make of `bytes`.
  /// - Throws: `unsupported` where this build does not have one, `malformed` where one does not fit.
  func withResult<Result>(
    of bytes: RawSpan, _ transforms: ArraySlice<ByteTransform>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    guard let transform = transforms.first else { return try body(bytes) }
    // The results of two steps that follow each other lie in different buffers.
    let buffer = transforms.count % 2 == 0 ? buffers.0 : buffers.1
    let bound = transform.bound(bytes.byteCount)
    let target = unsafe UnsafeMutableRawBufferPointer(start: buffer.raw(bound), count: bound)
    let count = try unsafe bytes.withUnsafeBytes { (bytes) throws(ModelError) in
      try unsafe apply(transform, bytes, into: target)
    }
    let result = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: target[..<count]))
    return try withResult(of: result, transforms.dropFirst(), body)
  }

  /// Writes what the transform makes of `bytes`, and returns how many bytes that are.
  @unsafe private func apply(
    _ transform: ByteTransform, _ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(ModelError) -> Int {
    guard let source = bytes.baseAddress, let start = target.baseAddress else { return 0 }
    let (octets, room) = unsafe (
      source.assumingMemoryBound(to: UInt8.self), start.assumingMemoryBound(to: UInt8.self)
    )
    switch transform {
    case .swap(let words):
      let blockBytes = words.reduce(0) { $0 + $1.byteCount * $1.count }
      guard bytes.count % blockBytes == 0 else {
        throw ModelError(.malformed, "\(bytes.count) bytes are turned in blocks of \(blockBytes)")
      }
      unsafe ByteSwap.turn(RawSpan(_unsafeBytes: bytes), words, into: start)
      return bytes.count
    case .shuffle(let elementBytes):
      unsafe ByteShuffle.shuffle(octets, byteCount: bytes.count, elementBytes: elementBytes, into: room)
      return bytes.count
    case .deflate(let level):
      return unsafe deflater(level).compress(bytes, into: target)!
    case .fletcher32:
      unsafe start.copyMemory(from: source, byteCount: bytes.count)
      let checksum = unsafe Fletcher32.checksum(octets, byteCount: bytes.count)
      unsafe start.storeBytes(of: checksum.littleEndian, toByteOffset: bytes.count, as: UInt32.self)
      return bytes.count + ByteTransform.checksumBytes
    case .foreign: throw transform.obstacle!
    }
  }

  private func deflater(_ level: Int) -> ZlibCompressor {
    if let deflater, deflater.level == level { return deflater }
    let made = ZlibCompressor(level: level)
    deflater = made
    return made
  }
}

extension ByteTransform {
  fileprivate static let checksumBytes = 4

  /// The most bytes that it makes of `byteCount`.
  fileprivate func bound(_ byteCount: Int) -> Int {
    switch self {
    case .deflate: ZlibCompressor.bound(byteCount)
    case .fletcher32: byteCount + Self.checksumBytes
    case .swap, .shuffle, .foreign: byteCount
    }
  }
}
