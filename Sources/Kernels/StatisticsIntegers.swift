func signedStatistics(_ bytes: UnsafeRawBufferPointer, bytes width: Int) -> ValueStatistics {
  switch width {
  case 4: unsafe statistics(bytes, Int32.self) { Double($0) }
  case 8: unsafe statistics(bytes, Int64.self) { Double($0) }
  default: preconditionFailure("no signed integer has \(width) bytes")
  }
}

func unsignedStatistics(_ bytes: UnsafeRawBufferPointer, bytes width: Int) -> ValueStatistics {
  switch width {
  case 4: unsafe statistics(bytes, UInt32.self) { Double($0) }
  case 8: unsafe statistics(bytes, UInt64.self) { Double($0) }
  default: preconditionFailure("no unsigned integer has \(width) bytes")
  }
}

/// `value` gives what the moments are made of: exact, but for 64-bit integers, which round to the nearest double.
@inline(__always)
private func statistics<Integer: FixedWidthInteger, Value: LaneScalar>(
  _ bytes: UnsafeRawBufferPointer, _: Integer.Type, _ value: (Integer) -> Value
) -> ValueStatistics {
  var result = ValueStatistics()
  let width = MemoryLayout<Integer>.size
  let elements = bytes.count / width
  guard elements > 0, let base = bytes.baseAddress else { return result }
  var moments = Moments()
  var lowest = Integer.max
  var highest = Integer.min
  unsafe withUnsafeTemporaryAllocation(of: Value.self, capacity: Moments.blockElements) { scratch in
    var start = 0
    while start < elements {
      let count = min(Moments.blockElements, elements - start)
      let source = unsafe base + start * width
      var zeros: Integer = 0
      var blockLowest = Integer.max
      var blockHighest = Integer.min
      for index in 0..<count {
        let element = unsafe source.loadUnaligned(fromByteOffset: index &* width, as: Integer.self)
        zeros &+= element == 0 ? 1 : 0
        blockLowest = min(blockLowest, element)
        blockHighest = max(blockHighest, element)
        unsafe scratch[index] = value(element)
      }
      result.zeros += Int(truncatingIfNeeded: zeros)
      lowest = min(lowest, blockLowest)
      highest = max(highest, blockHighest)
      if blockLowest == blockHighest {
        moments.merge(Moments(count: count, of: value(blockLowest).widened))
      } else {
        unsafe moments.merge(Moments(block: UnsafeBufferPointer(rebasing: scratch[..<count])))
      }
      start += count
    }
  }
  result.elementCount = elements
  result.moments = moments
  result.extremes =
    Integer.isSigned
    ? .signed(minimum: Int64(lowest), maximum: Int64(highest))
    : .unsigned(minimum: UInt64(lowest), maximum: UInt64(highest))
  let bits = UInt64(truncatingIfNeeded: lowest) & (UInt64.max >> UInt64(64 - Integer.bitWidth))
  result.uniformity = lowest == highest ? .bits(bits) : .mixed
  return result
}
