package import TensorModel

/// Turns elements between byte orders: plain ones whole, blocks by the words of their fields.
package enum ByteSwap {
  /// Whether an element of the dtype has words of more than one byte.
  package static func changes(_ dtype: DType) -> Bool { words(dtype).contains { $0.byteCount > 1 } }

  /// Turns whole blocks of the dtype from `source` into `target`, which has room for as many bytes.
  package static func turn(_ source: RawSpan, _ dtype: DType, into target: UnsafeMutableRawPointer) {
    unsafe turn(source, words(dtype), into: target)
  }

  /// Turns whole blocks that consist of `words` from `source` into `target`, which has room for as many bytes.
  package static func turn(_ source: RawSpan, _ words: [Words], into target: UnsafeMutableRawPointer) {
    let blockBytes = words.reduce(0) { $0 + $1.byteCount * $1.count }
    precondition(source.byteCount % blockBytes == 0)
    unsafe source.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      // Equal words alone are one run.
      if words.count == 1 {
        let run = Words(byteCount: words[0].byteCount, count: source.byteCount / words[0].byteCount)
        return unsafe turn(start, run, into: target)
      }
      var offset = 0
      while offset < source.byteCount {
        for run in words {
          unsafe turn(start + offset, run, into: target + offset)
          offset += run.byteCount * run.count
        }
      }
    }
  }

  /// Lends `range` of a tensor's bytes turned: `read` lends the whole blocks that hold it.
  package static func withBlocks<Result: ~Copyable>(
    _ dtype: DType, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result,
    read: (Range<Int>, (RawSpan) throws(ModelError) -> [UInt8]) throws(ModelError) -> [UInt8]
  ) throws(ModelError) -> Result {
    let size = dtype.blockBytes
    let whole = (range.lowerBound / size * size)..<((range.upperBound + size - 1) / size * size)
    let turned = try read(whole) { (bytes) throws(ModelError) in
      unsafe [UInt8](unsafeUninitializedCapacity: bytes.byteCount) { target, count in
        if let start = target.baseAddress { unsafe turn(bytes, dtype, into: UnsafeMutableRawPointer(start)) }
        count = bytes.byteCount
      }
    }
    let start = range.lowerBound - whole.lowerBound
    return try unsafe body(turned.span.bytes.extracting(start..<(start + range.count)))
  }

  /// Equal words that follow each other.
  package struct Words: Hashable, Sendable {
    /// Of one word: 1, 2, 4 or 8.
    package var byteCount: Int
    /// At least 1.
    package var count: Int

    package init(byteCount: Int, count: Int) {
      self.byteCount = byteCount
      self.count = count
    }
  }

  /// The words of a block of the dtype, in order and without gaps.
  package static func words(_ dtype: DType) -> [Words] {
    switch dtype.values {
    case .blocks(let type):
      type.layout.fields.map { Words(byteCount: $0.word.byteCount, count: $0.count) }
    case .complex: [Words(byteCount: dtype.blockBytes / 2, count: 2)]
    default:
      [
        Words(
          byteCount: dtype.blockElements == 1 ? dtype.blockBytes : 1,
          count: dtype.blockElements == 1 ? 1 : dtype.blockBytes)
      ]
    }
  }

  private static func turn(_ source: UnsafeRawPointer, _ words: Words, into target: UnsafeMutableRawPointer) {
    switch words.byteCount {
    case 2: unsafe turn(source, words.count, UInt16.self, into: target)
    case 4: unsafe turn(source, words.count, UInt32.self, into: target)
    case 8: unsafe turn(source, words.count, UInt64.self, into: target)
    default: unsafe target.copyMemory(from: source, byteCount: words.count)
    }
  }

  @inline(__always) private static func turn<Word: FixedWidthInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ count: Int, _ type: Word.Type, into target: UnsafeMutableRawPointer
  ) {
    var offset = 0
    while offset < count &* MemoryLayout<Word>.size {
      let word = unsafe source.loadUnaligned(fromByteOffset: offset, as: type)
      unsafe target.storeBytes(of: word.byteSwapped, toByteOffset: offset, as: type)
      offset &+= MemoryLayout<Word>.size
    }
  }
}
