import Codecs
import Containers
import Filters
import Kernels
import TensorModel

/// Applies the transforms of a recoding: one worker's. Those that are filters of HDF5 are applied as these.
@safe final class TransformPipeline {
  private var workspace = FilterWorkspace()
  /// What is turned, and what stands between filters and that, in turns.
  private let buffers = (ScratchBuffer(), ScratchBuffer())

  /// Lends what the transforms, one after the other, make of `bytes`.
  /// - Throws: `unsupported` where this build does not have one, `malformed` where one does not fit.
  func withResult<Result>(
    of bytes: RawSpan, _ transforms: ArraySlice<ByteTransform>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    guard let transform = transforms.first else { return try body(bytes) }
    let buffer = transforms.count % 2 == 0 ? buffers.0 : buffers.1
    let (made, rest): (Int, ArraySlice<ByteTransform>)
    if case .swap(let words) = transform {
      made = try turn(bytes, words, into: buffer)
      rest = transforms.dropFirst()
    } else {
      let filters = transforms.prefix { $0.filter != nil }.compactMap(\.filter)
      guard !filters.isEmpty else { throw transform.obstacle! }
      let pipeline = try FilterPipeline(filters)
      rest = transforms.dropFirst(filters.count)
      guard !rest.isEmpty else {
        return try pipeline.apply(bytes, &workspace) { (made, _) throws(ModelError) in try body(made) }
      }
      // The workspace is needed again before these bytes are done with.
      made = try pipeline.apply(bytes, &workspace) { (made, _) in copy(made, into: buffer) }
    }
    return try withResult(of: unsafe RawSpan(_unsafeStart: buffer.raw(made), byteCount: made), rest, body)
  }

  /// - Returns: how many bytes there are, at the start of `buffer`.
  private func turn(
    _ bytes: RawSpan, _ words: [ByteSwap.Words], into buffer: ScratchBuffer
  ) throws(ModelError) -> Int {
    let blockBytes = words.reduce(0) { $0 + $1.byteCount * $1.count }
    guard bytes.byteCount % blockBytes == 0 else {
      throw ModelError(.malformed, "\(bytes.byteCount) bytes are turned in blocks of \(blockBytes)")
    }
    unsafe ByteSwap.turn(bytes, words, into: buffer.raw(bytes.byteCount))
    return bytes.byteCount
  }

  private func copy(_ bytes: RawSpan, into buffer: ScratchBuffer) -> Int {
    unsafe bytes.withUnsafeBytes { bytes in
      if let start = bytes.baseAddress {
        unsafe buffer.raw(bytes.count).copyMemory(from: start, byteCount: bytes.count)
      }
    }
    return bytes.byteCount
  }
}

extension ByteTransform {
  /// The filter of HDF5 that it is; nil where it is none.
  fileprivate var filter: ChunkFilter? {
    switch self {
    // Elements longer than all bytes are left as they are, however long.
    case .shuffle(let size): ChunkFilter(id: ChunkFilter.shuffle, parameters: [UInt32(min(size, 0x7FFF_FFFF))])
    case .deflate(let level): ChunkFilter(id: ChunkFilter.deflate, parameters: [UInt32(level)])
    case .fletcher32: ChunkFilter(id: ChunkFilter.fletcher32)
    case .swap, .foreign: nil
    }
  }
}
