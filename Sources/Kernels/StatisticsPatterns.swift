package import TensorModel

/// How often each bit pattern of a type of at most 8 bits occurs.
///
/// Everything about narrow types follows from it. F4 holds two elements in a byte, the first in the low nibble. F6 is
/// read as a little-endian stream of bits, four elements in three bytes, element `i` at bits `6 i ..< 6 i + 6`:
/// safetensors does not say how its F6 is packed, and this is the order that agrees with F4's.
package struct PatternHistogram {
  package let dtype: DType
  /// One count per pattern: 2^elementBits of them.
  package private(set) var counts: [Int]

  package init(of bytes: RawSpan, dtype: DType) {
    precondition(dtype.elementBits <= 8 && bytes.byteCount % dtype.blockBytes == 0)
    self.dtype = dtype
    counts = unsafe bytes.withUnsafeBytes { bytes in
      switch dtype.elementBits {
      case 8: unsafe countBytes(bytes)
      case 4: unsafe nibbleCounts(ofBytes: countBytes(bytes))
      case 6: unsafe countSixBitElements(bytes)
      default: preconditionFailure("no element has \(dtype.elementBits) bits")
      }
    }
  }

  package mutating func multiply(by factor: Int) {
    for pattern in counts.indices { counts[pattern] *= factor }
  }

  package var statistics: ValueStatistics {
    var result = ValueStatistics()
    var values: [(value: Double, count: Int)] = []
    var patterns = 0
    for (pattern, count) in counts.enumerated() where count > 0 {
      let element = NarrowElement(pattern: pattern, dtype: dtype)
      result.elementCount += count
      patterns += 1
      result.uniformity.merge(.bits(UInt64(pattern)))
      switch element.kind {
      case .nan: result.nans += count
      case .infinity: result.infinities += count
      case .zero:
        result.zeros += count
        if element.isNegative { result.negativeZeros += count }
      case .subnormal: result.subnormals += count
      case .normal: break
      }
      if let value = element.value { values.append((value + 0, count)) }
    }
    result.moments = Moments(counted: values)
    result.extremes = extremes(of: values)
    return result
  }

  private func extremes(of values: [(value: Double, count: Int)]) -> ValueStatistics.Extremes? {
    guard let lowest = values.map(\.value).min(), let highest = values.map(\.value).max() else { return nil }
    switch dtype.values {
    case .signed: return .signed(minimum: Int64(lowest), maximum: Int64(highest))
    case .unsigned, .boolean: return .unsigned(minimum: UInt64(lowest), maximum: UInt64(highest))
    case .float, .complex, .opaque: return .floating(minimum: lowest, maximum: highest)
    }
  }
}

extension Moments {
  /// The moments of values that occur so many times each.
  init(counted values: [(value: Double, count: Int)]) {
    let total = values.reduce(0) { $0 + $1.count }
    guard let first = values.first, values.contains(where: { $0.value != first.value }) else {
      self.init(count: total, of: values.first?.value ?? 0)
      return
    }
    self.init()
    count = total
    mean = values.reduce(0) { $0 + $1.value * Double($1.count) } / Double(total)
    let center = mean
    squaredDeviations = values.reduce(0) { $0 + ($1.value - center) * ($1.value - center) * Double($1.count) }
  }
}

/// One byte at a time into eight tables, so that a byte that repeats does not wait for its own last count.
private func countBytes(_ bytes: UnsafeRawBufferPointer) -> [Int] {
  unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: 8 * 256) { tables in
    unsafe tables.initialize(repeating: 0)
    let whole = bytes.count & ~7
    var offset = 0
    while offset < whole {
      let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      unsafe tables[Int(truncatingIfNeeded: word & 255)] &+= 1
      unsafe tables[256 &+ Int(truncatingIfNeeded: word &>> 8 & 255)] &+= 1
      unsafe tables[512 &+ Int(truncatingIfNeeded: word &>> 16 & 255)] &+= 1
      unsafe tables[768 &+ Int(truncatingIfNeeded: word &>> 24 & 255)] &+= 1
      unsafe tables[1024 &+ Int(truncatingIfNeeded: word &>> 32 & 255)] &+= 1
      unsafe tables[1280 &+ Int(truncatingIfNeeded: word &>> 40 & 255)] &+= 1
      unsafe tables[1536 &+ Int(truncatingIfNeeded: word &>> 48 & 255)] &+= 1
      unsafe tables[1792 &+ Int(truncatingIfNeeded: word &>> 56)] &+= 1
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
