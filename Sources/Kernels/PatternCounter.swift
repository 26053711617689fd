package import TensorModel

/// A bit pattern, and how often it occurs.
package struct PatternCount: Hashable, Sendable {
  package var pattern: UInt32
  package var count: Int

  package init(pattern: UInt32, count: Int) {
    self.pattern = pattern
    self.count = count
  }
}

/// Counts how often each bit pattern occurs: of elements of at most 16 bits all of it, of wider ones what
/// `ValuePrefix` keeps. One worker's; its tables are kept from chunk to chunk.
///
/// F4 holds two elements in a byte, the first in the low nibble. F6 is read as a little-endian stream of bits, four
/// elements in three bytes, element `i` at bits `6 i ..< 6 i + 6`: safetensors does not say how its F6 is packed, and
/// this is the order that agrees with F4's.
package final class PatternCounter {
  /// All zero between calls.
  private var tables: [UInt32] = []
  /// Of one block: which words are not zero, and those words side by side.
  private var bitmap: [UInt8] = []
  private var packed: [UInt8] = []
  private let set: InstructionSet

  package init(on set: InstructionSet = .best) { self.set = set }

  /// The patterns in `bytes` that occur, in no particular order. O(n).
  /// - Precondition: whole blocks of `dtype`, at most 2^32 − 1 elements; no opaque or complex elements.
  package func counts(of bytes: RawSpan, dtype: DType) -> [PatternCount] {
    precondition(bytes.byteCount % dtype.blockBytes == 0)
    guard bytes.byteCount > 0 else { return [] }
    return unsafe bytes.withUnsafeBytes { bytes in
      switch dtype.elementBits {
      case 4: listed(nibbleCounts(ofBytes: unsafe countBytes(bytes)))
      case 6: listed(unsafe countSixBitElements(bytes))
      case 8: listed(unsafe countBytes(bytes))
      case 16: unsafe countHalves(bytes)
      default: unsafe countPrefixes(bytes, dtype)
      }
    }
  }

  private func countPrefixes(_ bytes: UnsafeRawBufferPointer, _ dtype: DType) -> [PatternCount] {
    switch (dtype.values, dtype.blockBytes) {
    case (.float, 4): unsafe count(bytes, bits: 16, copies: 2, UInt32.self) { Int($0 &>> 16) }
    case (.float, 8): unsafe count(bytes, bits: 20, copies: 1, UInt64.self) { Int($0 &>> 44) }
    case (.signed, 4): unsafe count(bytes, bits: 20, copies: 1, Int32.self) { ValuePrefix.wide(Double($0)) }
    case (.signed, 8): unsafe count(bytes, bits: 20, copies: 1, Int64.self) { ValuePrefix.wide(Double($0)) }
    case (.unsigned, 4): unsafe count(bytes, bits: 20, copies: 1, UInt32.self) { ValuePrefix.wide(Double($0)) }
    case (.unsigned, 8): unsafe count(bytes, bits: 20, copies: 1, UInt64.self) { ValuePrefix.wide(Double($0)) }
    default: preconditionFailure("\(dtype.name) has no prefixes")
    }
  }

  /// Words of 16 bits. Where many are zeros, these are counted apart: in the table each would wait for the count of the last.
  private func countHalves(_ bytes: UnsafeRawBufferPointer) -> [PatternCount] {
    guard unsafe set.kernels?.split != nil, let base = bytes.baseAddress else {
      return unsafe count(bytes, bits: 16, copies: 2, UInt16.self) { Int($0) }
    }
    if packed.isEmpty {
      bitmap = [UInt8](repeating: 0, count: Self.blockElements / 8 + 8)
      packed = [UInt8](repeating: 0, count: 2 * Self.blockElements + 64)
    }
    let elements = bytes.count / 2
    return unsafe count(bytes, bits: 16, copies: 2, UInt16.self) {
      Int($0)
    } add: { tables in
      var isSparse = false
      for (number, start) in stride(from: 0, to: elements, by: Self.blockElements).enumerated() {
        let count = min(Self.blockElements, elements - start)
        let block = unsafe UnsafeRawBufferPointer(start: base + 2 * start, count: 2 * count)
        // Where there were few zeros, only some blocks are asked for them.
        if isSparse || number % 8 == 0 {
          isSparse = unsafe addSparse(block, to: tables)
        } else {
          unsafe Self.add(block, to: tables, second: 1 << 16, UInt16.self) { Int($0) }
        }
      }
    }
  }

  private static let blockElements = 4096

  /// Adds a block, its zeros by their number where they are many.
  /// - Returns: whether they are.
  private func addSparse(_ block: UnsafeRawBufferPointer, to tables: UnsafeMutableBufferPointer<UInt32>) -> Bool {
    guard let base = block.baseAddress else { return false }
    let elements = block.count / 2
    let (zeros, negative) = unsafe ZeroMask.count(base, elements: elements, width: 2, hasSign: true, on: set)
    guard zeros > elements / 4 else {
      unsafe Self.add(block, to: tables, second: 1 << 16, UInt16.self) { Int($0) }
      return false
    }
    let kept = unsafe bitmap.withUnsafeMutableBufferPointer { bitmap in
      unsafe packed.withUnsafeMutableBytes { packed in
        unsafe ZeroMask.split(
          base, elements: elements, width: 2, hasSign: true, bitmap: bitmap.baseAddress!, packed: packed.baseAddress!,
          on: set)
      }
    }
    unsafe packed.withUnsafeBytes {
      unsafe Self.add(
        UnsafeRawBufferPointer(rebasing: $0[..<(2 * kept)]), to: tables, second: 1 << 16, UInt16.self
      ) { Int($0) }
    }
    unsafe tables[0] += UInt32(zeros - negative)
    unsafe tables[0x8000] += UInt32(negative)
    return true
  }

  @inline(__always)
  private func count<Word: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, bits: Int, copies: Int, _ type: Word.Type, _ key: (Word) -> Int
  ) -> [PatternCount] {
    let second = (copies - 1) << bits
    return unsafe count(bytes, bits: bits, copies: copies, type, key) {
      unsafe Self.add(bytes, to: $0, second: second, type, key)
    }
  }

  /// - Parameter add: counts the words of `bytes` in the tables.
  @inline(__always)
  private func count<Word: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, bits: Int, copies: Int, _: Word.Type, _ key: (Word) -> Int,
    add: (UnsafeMutableBufferPointer<UInt32>) -> Void
  ) -> [PatternCount] {
    let width = MemoryLayout<Word>.size
    let elements = bytes.count / width
    let size = 1 << bits
    if tables.count < copies * size { tables = [UInt32](repeating: 0, count: copies * size) }
    return unsafe tables.withUnsafeMutableBufferPointer { tables in
      let second = (copies - 1) * size
      unsafe add(tables)
      if elements &* 8 > size { return unsafe Self.drain(tables, size, second) }
      var counts: [PatternCount] = []
      for index in 0..<elements {
        let pattern = unsafe key(bytes.loadUnaligned(fromByteOffset: index &* width, as: Word.self))
        unsafe Self.drain(tables, pattern, second, &counts)
      }
      return counts
    }
  }

  /// Neighbours count in tables of their own, so that an element that repeats does not wait for its own last count.
  @inline(__always)
  private static func add<Word: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, to tables: UnsafeMutableBufferPointer<UInt32>, second: Int, _: Word.Type,
    _ key: (Word) -> Int
  ) {
    let width = MemoryLayout<Word>.size
    let elements = bytes.count / width
    let fours = elements & ~3
    var index = 0
    while index < fours {
      for lane in 0..<4 {
        let word = unsafe bytes.loadUnaligned(fromByteOffset: (index &+ lane) &* width, as: Word.self)
        unsafe tables[(lane & 1) &* second &+ key(word)] &+= 1
      }
      index &+= 4
    }
    while index < elements {
      unsafe tables[key(bytes.loadUnaligned(fromByteOffset: index &* width, as: Word.self))] &+= 1
      index &+= 1
    }
  }

  /// Takes every count out of the tables.
  private static func drain(
    _ tables: UnsafeMutableBufferPointer<UInt32>, _ size: Int, _ second: Int
  ) -> [PatternCount] {
    var counts: [PatternCount] = []
    var start = 0
    while start < size {
      var any: UInt32 = 0
      for index in start..<(start &+ 32) { unsafe any |= tables[index] | tables[second &+ index] }
      if any != 0 {
        for index in start..<(start &+ 32) { unsafe drain(tables, index, second, &counts) }
      }
      start &+= 32
    }
    return counts
  }

  @inline(__always)
  private static func drain(
    _ tables: UnsafeMutableBufferPointer<UInt32>, _ pattern: Int, _ second: Int, _ counts: inout [PatternCount]
  ) {
    let count = unsafe Int(tables[pattern]) &+ (second > 0 ? Int(tables[second &+ pattern]) : 0)
    guard count > 0 else { return }
    counts.append(PatternCount(pattern: UInt32(truncatingIfNeeded: pattern), count: count))
    unsafe tables[pattern] = 0
    unsafe tables[second &+ pattern] = 0
  }

  private func listed(_ table: [Int]) -> [PatternCount] {
    table.indices.filter { table[$0] > 0 }.map { PatternCount(pattern: UInt32($0), count: table[$0]) }
  }
}

/// One byte at a time into eight tables, so that a byte that repeats does not wait for its own last count.
func countBytes(_ bytes: UnsafeRawBufferPointer) -> [Int] {
  unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: 8 * 256) { tables in
    unsafe tables.initialize(repeating: 0)
    let whole = bytes.count & ~7
    var offset = 0
    while offset < whole {
      let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      for lane in 0..<8 {
        unsafe tables[lane &* 256 &+ Int(truncatingIfNeeded: word &>> UInt64(8 &* lane) & 255)] &+= 1
      }
      offset &+= 8
    }
    for index in whole..<bytes.count { unsafe tables[Int(bytes[index])] &+= 1 }
    return (0..<256).map { value in
      (0..<8).reduce(0) { unsafe $0 + tables[256 * $1 + value] }
    }
  }
}

private func nibbleCounts(ofBytes counts: [Int]) -> [Int] {
  var nibbles = [Int](repeating: 0, count: 16)
  for (byte, count) in counts.enumerated() {
    nibbles[byte & 15] += count
    nibbles[byte >> 4] += count
  }
  return nibbles
}

private func countSixBitElements(_ bytes: UnsafeRawBufferPointer) -> [Int] {
  unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: 4 * 64) { tables in
    unsafe tables.initialize(repeating: 0)
    for offset in stride(from: 0, to: bytes.count, by: 3) {
      let word = unsafe Int(bytes[offset]) | Int(bytes[offset &+ 1]) &<< 8 | Int(bytes[offset &+ 2]) &<< 16
      unsafe tables[word & 63] &+= 1
      unsafe tables[64 &+ (word &>> 6 & 63)] &+= 1
      unsafe tables[128 &+ (word &>> 12 & 63)] &+= 1
      unsafe tables[192 &+ (word &>> 18)] &+= 1
    }
    return (0..<64).map { value in
      (0..<4).reduce(0) { unsafe $0 + tables[64 * $1 + value] }
    }
  }
}
