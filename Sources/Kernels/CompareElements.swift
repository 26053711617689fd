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
  /// Equal ranges cost one `memcmp`. Elements of a block type, or of one that is not a number of 1, 2, 4 or 8 bytes or a
  /// float below a byte, are counted by whole blocks. O(n); never fails.
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
    let (bits, firstBits) = unsafe count(a, b) { (word: Word) in word }
    var result = ElementDifferences(count: bits, first: firstBits)
    if let fold {
      (result.values, result.firstValue) = unsafe count(a, b) { (word: Word) in fold(word) }
    }
    return result
  }

  /// C64: a difference in either part makes the element differ.
  private static func complex(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> ElementDifferences {
    let (bits, firstBits) = unsafe count(a, b) { (word: UInt64) in word }
    var result = ElementDifferences(count: bits, first: firstBits)
    let part = ValueFold<UInt32>(.f32)!
    (result.values, result.firstValue) = unsafe count(a, b) { (word: UInt64) in
      UInt64(part(UInt32(truncatingIfNeeded: word))) | UInt64(part(UInt32(truncatingIfNeeded: word >> 32))) << 32
    }
    return result
  }

  /// How many words differ once folded, and the first that does.
  @inline(__always)
  private static func count<Word: FixedWidthInteger & UnsignedInteger>(
    _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, _ fold: (Word) -> Word
  ) -> (count: Int, first: Int?) {
    let width = MemoryLayout<Word>.size
    let words = a.count / width
    // A run's count must fit the word, so that the loop stays in lanes of its width.
    let run = width == 1 ? 255 : 4096
    var total = 0
    var first: Int?
    var start = 0
    while start < words {
      let end = min(start + run, words)
      var differing: Word = 0
      for index in start..<end {
        let left = unsafe fold(a.loadUnaligned(fromByteOffset: index * width, as: Word.self))
        let right = unsafe fold(b.loadUnaligned(fromByteOffset: index * width, as: Word.self))
        differing &+= left != right ? 1 : 0
      }
      if differing > 0, first == nil {
        first = (start..<end).first {
          let left = unsafe fold(a.loadUnaligned(fromByteOffset: $0 * width, as: Word.self))
          return unsafe left != fold(b.loadUnaligned(fromByteOffset: $0 * width, as: Word.self))
        }
      }
      total += Int(differing)
      start = end
    }
    return (total, first)
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
    for index in 0..<(a.count * 8 / width) {
      let left = unsafe code(a, index, width)
      let right = unsafe code(b, index, width)
      guard left != right else { continue }
      result.bits += 1
      if result.firstBits == nil { result.firstBits = index }
      guard let fold, fold(left) == fold(right) else {
        result.values += 1
        if result.firstValue == nil { result.firstValue = index }
        continue
      }
    }
    return result
  }

  @inline(__always)
  private static func code(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ width: Int) -> UInt8 {
    let bit = index * width
    var word = unsafe UInt16(bytes[bit / 8])
    if bit % 8 + width > 8 { word |= unsafe UInt16(bytes[bit / 8 + 1]) << 8 }
    return UInt8(truncatingIfNeeded: word >> UInt16(bit % 8)) & (1 << UInt8(width) - 1)
  }
}
