package import TensorModel

/// What the elements of one chunk tell about the values of their tensor.
package struct ChunkValues: Sendable {
  /// Of types of at most 16 bits only after `PatternHistogram` has put it together; else of the chunk.
  package var statistics: ValueStatistics?
  package var elementCount = 0
  package var zeros = 0
  /// Elements that `patterns` and `bytes` count.
  package var countedElements = 0
  /// All of an element of at most 16 bits, the `ValuePrefix` of a wider one; none of complex numbers.
  package var patterns: [PatternCount] = []
  /// Of types wider than 16 bits: their distinct words.
  package var words: WordSketch?
  /// Of types wider than 16 bits: how often each byte occurs, from the lowest. Of a float the bits of its prefix are left
  /// out.
  package var bytes: [[Int]] = []
}

/// Scans chunks for everything that is told of their values. One worker's; its buffers are kept from chunk to chunk.
package final class ValueScanner {
  private let counter: PatternCounter
  private let collector: WordCollector
  private let set: InstructionSet
  private var sampled: [UInt8] = []

  package init(on set: InstructionSet = .best) {
    self.set = set
    counter = PatternCounter(on: set)
    collector = WordCollector(on: set)
  }

  /// Scans the elements in `bytes`.
  /// - Parameters:
  ///   - firstElement: the place of the first one in its tensor.
  ///   - sample: the elements whose patterns and bytes are counted, of types wider than 16 bits; of others all are.
  ///   - limit: of the tensor's `WordSketch` so far, beyond which no word counts any more.
  /// - Precondition: whole blocks of `dtype`, which is neither opaque nor a block type: of those the numbers are scanned.
  package func scan(
    _ bytes: RawSpan, dtype: DType, firstElement: Int, sample: ValueSample, below limit: UInt64?
  ) -> ChunkValues {
    var found = ChunkValues()
    found.elementCount = bytes.byteCount / dtype.blockBytes * dtype.blockElements
    guard !dtype.isCounted else {
      found.patterns = counter.counts(of: bytes, dtype: dtype)
      found.countedElements = found.elementCount
      found.zeros = found.patterns.reduce(0) { $0 + (dtype.isZero($1.pattern) ? $1.count : 0) }
      return found
    }
    found.statistics = ValueStatistics(of: bytes, dtype: dtype, on: set)
    found.zeros = found.statistics?.zeros ?? 0
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe found.words = collector.sketch(bytes, width: dtype.blockBytes, below: limit)
      guard sample != .all else { return unsafe count(bytes, dtype, &found) }
      let byteCount = unsafe sample.gather(
        bytes, width: dtype.blockBytes, firstElement: firstElement, into: &sampled)
      unsafe sampled.withUnsafeBytes {
        unsafe count(UnsafeRawBufferPointer(rebasing: $0[..<byteCount]), dtype, &found)
      }
    }
    return found
  }

  /// The same for `block`, the bytes of one block, standing `count` times in a row, in O(1); of a block type what it
  /// dequantises to.
  package func scan(repeating block: [UInt8], count: Int, dtype: DType) -> ChunkValues {
    let numbers = dtype.blockType.map { unsafe BlockWidening.numbers(of: block.span.bytes, $0) }
    var found =
      if let numbers {
        unsafe scan(numbers.span.bytes, dtype: .f32, firstElement: 0, sample: .all, below: nil)
      } else {
        unsafe scan(block.span.bytes, dtype: dtype, firstElement: 0, sample: .all, below: nil)
      }
    found.elementCount *= count
    found.countedElements *= count
    found.zeros *= count
    for index in found.patterns.indices { found.patterns[index].count *= count }
    if found.statistics != nil { found.statistics = ValueStatistics(repeating: block, count: count, dtype: dtype) }
    found.words?.multiply(by: count)
    found.bytes = found.bytes.map { $0.map { $0 * count } }
    return found
  }

  /// Counts the prefixes of wide elements, and the bytes below them.
  private func count(_ bytes: UnsafeRawBufferPointer, _ dtype: DType, _ found: inout ChunkValues) {
    found.countedElements = bytes.count / dtype.blockBytes
    if dtype.hasPrefix { found.patterns = unsafe counter.counts(of: bytes.bytes, dtype: dtype) }
    unsafe found.bytes = lowBytes(bytes, dtype)
  }

  private func lowBytes(_ bytes: UnsafeRawBufferPointer, _ dtype: DType) -> [[Int]] {
    switch (dtype.blockBytes, dtype.bitsBelowPrefix) {
    case (4, 16): unsafe lowBytes(bytes, UInt32.self, places: 2, mask: 0xFFFF)
    case (4, _): unsafe lowBytes(bytes, UInt32.self, places: 4, mask: .max)
    case (_, 44): unsafe lowBytes(bytes, UInt64.self, places: 6, mask: 0xFFF_FFFF_FFFF)
    default: unsafe lowBytes(bytes, UInt64.self, places: 8, mask: .max)
    }
  }

  /// Neighbours count in tables of their own, so that a byte that repeats does not wait for its own last count.
  @inline(__always)
  private func lowBytes<Word: FixedWidthInteger & UnsignedInteger>(
    _ bytes: UnsafeRawBufferPointer, _: Word.Type, places: Int, mask: Word
  ) -> [[Int]] {
    let width = MemoryLayout<Word>.size
    return unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * places * 256) { tables in
      unsafe tables.initialize(repeating: 0)
      for index in 0..<bytes.count / width {
        let word = unsafe bytes.loadUnaligned(fromByteOffset: index &* width, as: Word.self) & mask
        let table = (index & 1) &* places &* 256
        for place in 0..<places {
          unsafe tables[table &+ place &* 256 &+ Int(truncatingIfNeeded: word &>> Word(8 &* place) & 255)] &+= 1
        }
      }
      return (0..<places).map { place in
        (0..<256).map { unsafe Int(tables[place * 256 + $0]) + Int(tables[(places + place) * 256 + $0]) }
      }
    }
  }
}

extension DType {
  /// Whether every bit pattern is counted, and all is told from that.
  package var isCounted: Bool { elementBits <= 16 && values != .opaque && blockType == nil }

  /// Whether elements are counted by their `ValuePrefix`.
  package var hasPrefix: Bool {
    switch values {
    case .float, .signed, .unsigned: elementBits > 16
    case .boolean, .complex, .blocks, .opaque: false
    }
  }

  /// The bits of a wide element that its prefix does not hold: of whole numbers all, since theirs is that of a double.
  package var bitsBelowPrefix: Int {
    isFloat ? (elementBits == 32 ? 16 : 44) : elementBits
  }

  package var isFloat: Bool {
    if case .float = values { true } else { false }
  }

  fileprivate func isZero(_ pattern: UInt32) -> Bool {
    if case .float(let layout) = values, layout.specials == .scale { return false }
    return UInt64(pattern) & nonZeroBits == 0
  }
}
