import Codecs
public import TensorModel

extension FilterPipeline {
  /// Applies the filters to one chunk and lends what a file stores of it, with the chunk's filter mask: a compressor that
  /// is optional and makes the chunk no smaller is left out of it.
  /// - Throws: `unsupported` where a filter can only be undone here.
  public func apply<Result>(
    _ chunk: RawSpan, _ workspace: inout FilterWorkspace,
    _ body: (_ stored: RawSpan, _ mask: UInt32) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    try unsafe chunk.withUnsafeBytes { (chunk) throws(ModelError) in
      var bytes = unsafe chunk
      var mask: UInt32 = 0
      for (number, stage) in stages.enumerated() {
        let room = unsafe workspace.room(stage.bound(bytes.count), ofStage: number)
        let count = try unsafe apply(number, bytes, into: room, &workspace)
        guard count < bytes.count || !filters[number].isOptional || !stage.isCompressor else {
          mask |= 1 << UInt32(number)
          continue
        }
        unsafe bytes = unsafe UnsafeRawBufferPointer(rebasing: room[..<count])
      }
      return try unsafe body(RawSpan(_unsafeBytes: bytes), mask)
    }
  }

  @unsafe private func apply(
    _ number: Int, _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer,
    _ workspace: inout FilterWorkspace
  ) throws(ModelError) -> Int {
    switch stages[number] {
    case .shuffle(let elementBytes):
      return unsafe ShuffleFilter.apply(bytes, elementBytes: elementBytes, into: room)
    case .fletcher32:
      return unsafe Fletcher32Filter.apply(bytes, into: room)
    case .deflate(let level):
      return unsafe workspace.zlibCompressor(level: level).compress(bytes, into: room)!
    case .zstd(let level):
      return unsafe workspace.zstdCompressor().compress(bytes, into: room, level: Int32(level))!
    case .lzf, .lz4, .bitshuffle, .unknown:
      throw ModelError(.unsupported, "\(filters[number].description) is read but not written")
    case .invalid(let error):
      throw error
    }
  }
}

extension FilterStage {
  var isCompressor: Bool {
    switch self {
    case .shuffle, .fletcher32: false
    default: true
    }
  }

  /// How many bytes the filter makes of `byteCount` bytes at most, where it is one that is applied here.
  func bound(_ byteCount: Int) -> Int {
    switch self {
    case .deflate: ZlibCompressor.bound(byteCount)
    case .zstd: ZstdCompressor.bound(byteCount)
    case .fletcher32: byteCount + Fletcher32Filter.checksumBytes
    default: byteCount
    }
  }
}
