import Glibc
public import TensorModel

/// How the elements of two ranges of bytes differ. Indices count elements from the start of the ranges.
public struct ElementDifferences: Hashable, Sendable {
  /// Elements whose bits differ, and the first of them.
  public var bits = 0
  public var firstBits: Int?
  /// Elements whose bits differ in more than the sign of zero or the kind of NaN, and the first of them.
  public var values = 0
  public var firstValue: Int?

  public init() {}

  /// Adds what was found from element `start` on.
  fileprivate mutating func add(_ other: ElementDifferences, from start: Int) {
    bits += other.bits
    values += other.values
    if firstBits == nil { firstBits = other.firstBits.map { $0 + start } }
    if firstValue == nil { firstValue = other.firstValue.map { $0 + start } }
  }

  /// Integers and types without −0 and NaN payloads: different bits are different values.
  fileprivate init(count: Int, first: Int?) {
    bits = count
    firstBits = first
    values = count
    firstValue = first
  }
}

/// Compares elements bit by bit, and as numbers where −0 equals +0 and any NaN equals any NaN.
public enum CompareElements {
  /// The differences between two ranges of the same length, both beginning at a block boundary.
  ///
  /// Equal ranges cost one `memcmp`. Of blocks that differ, those elements differ that dequantise to other bits, or all of
  /// them where none does. Elements that are neither a number of 1, 2, 4 or 8 bytes nor a float below a byte are counted by
  /// whole blocks. O(n); never fails.
  public static func differences(_ a: RawSpan, _ b: RawSpan, _ dtype: DType) -> ElementDifferences {
    precondition(a.byteCount == b.byteCount && a.byteCount % dtype.blockBytes == 0)
    return unsafe a.withUnsafeBytes { a in
      unsafe b.withUnsafeBytes { b in
        guard unsafe !a.isEmpty && memcmp(a.baseAddress!, b.baseAddress!, a.count) != 0 else {
          return ElementDifferences()
        }
        return unsafe differences(a, b, dtype)
      }
    }
  }

  private static func differences(
    _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, _ dtype: DType
  ) -> ElementDifferences {
    switch (dtype.values, dtype.blockElements, dtype.blockBytes) {
    case (.float(let layout), 1, 1): unsafe words(a, b, ValueFold<UInt8>(layout))
    case (.float(let layout), 1, 2): unsafe words(a, b, ValueFold<UInt16>(layout))
    case (.float(let layout), 1, 4): unsafe words(a, b, ValueFold<UInt32>(layout))
    case (.float(let layout), 1, 8): unsafe words(a, b, ValueFold<UInt64>(layout))
    case (.complex(.f32), 1, 8): unsafe complex(a, b)
    case (.float(let layout), _, _) where layout.width < 8 && layout.width == dtype.elementBits:
      unsafe CompareCodes.differences(a, b, width: layout.width, ValueFold<UInt8>(layout))
    case (.blocks(let type), _, _): unsafe numbers(a, b, type)
    case (_, 1, 1): unsafe words(a, b, ValueFold<UInt8>?.none)
    case (_, 1, 2): unsafe words(a, b, ValueFold<UInt16>?.none)
    case (_, 1, 4): unsafe words(a, b, ValueFold<UInt32>?.none)
    case (_, 1, 8): unsafe words(a, b, ValueFold<UInt64>?.none)
    default: unsafe blocks(a, b, dtype)
    }
  }

  private static func words<Word: FixedWidthInteger & UnsignedInteger>(
    _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, _ fold: ValueFold<Word>?
  ) -> ElementDifferences {
    guard let fold else {
      var result = unsafe count(a, b, { (word: Word) in word }, nil as ((Word) -> Word)?)
      (result.values, result.firstValue) = (result.bits, result.firstBits)
      return result
    }
    return unsafe count(a, b, { (word: Word) in word }, { (word: Word) in fold(word) })
  }

  /// C64: a difference in either part makes the element differ.
  private static func complex(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> ElementDifferences {
    let part = ValueFold<UInt32>(.f32)!
    return unsafe count(a, b, { (word: UInt64) in word }) { (word: UInt64) in
      UInt64(part(UInt32(truncatingIfNeeded: word))) | UInt64(part(UInt32(truncatingIfNeeded: word >> 32))) << 32
    }
  }

  /// How many words differ as they are, and where there is a fold once folded, and the first that do.
  @inline(__always)
  private static func count<Word: FixedWidthInteger & UnsignedInteger>(
    _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, _ whole: (Word) -> Word, _ fold: ((Word) -> Word)?
  ) -> ElementDifferences {
    let width = MemoryLayout<Word>.size
    var result = ElementDifferences()
    for start in stride(from: 0, to: a.count, by: runBytes) {
      let bytes = min(runBytes, a.count - start)
      let (left, right) = unsafe (a.baseAddress! + start, b.baseAddress! + start)
      // Most runs of most models agree, and this is several times faster than counting.
      if unsafe memcmp(left, right, bytes) == 0 { continue }
      if result.firstBits == nil { result.firstBits = unsafe start / width + firstDifference(left, right, whole) }
      result.bits += unsafe count(left, right, bytes / width, whole)
      guard let fold else { continue }
      let values = unsafe count(left, right, bytes / width, fold)
      if values > 0, result.firstValue == nil {
        result.firstValue = unsafe start / width + firstDifference(left, right, fold)
      }
      result.values += values
    }
    return result
  }

  /// Bytes that are counted at once: the count of one-byte words must fit a byte, so that the loop stays in lanes of the
  /// words' width.
  private static let runBytes = 255 * 8

  @inline(__always)
  private static func count<Word: FixedWidthInteger & UnsignedInteger>(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ words: Int, _ fold: (Word) -> Word
  ) -> Int {
    var total = 0
    var start = 0
    while start < words {
      // Pointers of the run's own, and a counted `while`: so the loop is vectorised, which `start..<end` is not.
      let count = min(255, words &- start)
      let (left, right) = unsafe (a + start &* MemoryLayout<Word>.size, b + start &* MemoryLayout<Word>.size)
      var differing: Word = 0
      var index = 0
      while index < count {
        let offset = index &* MemoryLayout<Word>.size
        let x = unsafe fold(left.loadUnaligned(fromByteOffset: offset, as: Word.self))
        let y = unsafe fold(right.loadUnaligned(fromByteOffset: offset, as: Word.self))
        differing &+= x == y ? 0 : 1
        index &+= 1
      }
      total &+= Int(truncatingIfNeeded: differing)
      start &+= count
    }
    return total
  }

  /// The first word that differs once folded; there is one.
  @inline(__always)
  private static func firstDifference<Word: FixedWidthInteger & UnsignedInteger>(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ fold: (Word) -> Word
  ) -> Int {
    var index = 0
    while true {
      let offset = index &* MemoryLayout<Word>.size
      let left = unsafe fold(a.loadUnaligned(fromByteOffset: offset, as: Word.self))
      let right = unsafe fold(b.loadUnaligned(fromByteOffset: offset, as: Word.self))
      if left != right { return index }
      index &+= 1
    }
  }

  private static func numbers(
    _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, _ type: BlockType
  ) -> ElementDifferences {
    let (elements, bytes) = (type.layout.elements, type.layout.byteCount)
    var result = ElementDifferences()
    for block in 0..<a.count / bytes {
      let place = (block * bytes)..<((block + 1) * bytes)
      let (left, right) = unsafe (
        UnsafeRawBufferPointer(rebasing: a[place]), UnsafeRawBufferPointer(rebasing: b[place])
      )
      guard unsafe memcmp(left.baseAddress!, right.baseAddress!, bytes) != 0 else { continue }
      let numbers = unsafe (
        BlockWidening.numbers(of: left.bytes, type), BlockWidening.numbers(of: right.bytes, type)
      )
      var found = unsafe numbers.0.withUnsafeBytes { x in
        unsafe numbers.1.withUnsafeBytes { unsafe words(x, $0, ValueFold<UInt32>(.f32)) }
      }
      if found.bits == 0 { (found.bits, found.firstBits) = (elements, 0) }
      result.add(found, from: block * elements)
    }
    return result
  }

  private static func blocks(
    _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, _ dtype: DType
  ) -> ElementDifferences {
    var blocks = 0
    var first: Int?
    for start in stride(from: 0, to: a.count, by: dtype.blockBytes)
    where unsafe memcmp(a.baseAddress! + start, b.baseAddress! + start, dtype.blockBytes) != 0 {
      blocks += 1
      if first == nil { first = start / dtype.blockBytes * dtype.blockElements }
    }
    return ElementDifferences(count: blocks * dtype.blockElements, first: first)
  }
}

/// Float types below a byte: F4 and F6, packed from the low bits up.
private enum CompareCodes {
  static func differences(
    _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, width: Int, _ fold: ValueFold<UInt8>?
  ) -> ElementDifferences {
    var result = ElementDifferences()
    for start in stride(from: 0, to: a.count, by: runBytes) {
      let bytes = min(runBytes, a.count - start)
      if unsafe memcmp(a.baseAddress! + start, b.baseAddress! + start, bytes) == 0 { continue }
      for index in (start * 8 / width)..<((start + bytes) * 8 / width) {
        let left = unsafe code(a, index, width)
        let right = unsafe code(b, index, width)
        guard left != right else { continue }
        result.bits += 1
        if result.firstBits == nil { result.firstBits = index }
        if let fold, fold(left) == fold(right) { continue }
        result.values += 1
        if result.firstValue == nil { result.firstValue = index }
      }
    }
    return result
  }

  /// Bytes that are passed over at once where they agree: whole blocks of F4 and of F6.
  private static let runBytes = 512 * 3

  @inline(__always)
  private static func code(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ width: Int) -> UInt8 {
    let bit = index * width
    var word = unsafe UInt16(bytes[bit / 8])
    if bit % 8 + width > 8 { word |= unsafe UInt16(bytes[bit / 8 + 1]) << 8 }
    return UInt8(truncatingIfNeeded: word >> UInt16(bit % 8)) & (1 << UInt8(width) - 1)
  }
}
