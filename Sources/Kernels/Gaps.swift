/// The kernels of the `gaps` mask: one byte per stored element, the number of zeros before it, 255 for 255 zeros alone.
public enum Gaps {
  /// How many bytes `encode` writes at most for that many stored elements among `elements`.
  public static func bound(elements: Int, stored: Int) -> Int { stored + elements / 255 }

  /// Writes the gaps of a bitmap; returns how many bytes that is. Bits past the last element must be 0.
  public static func encode(
    _ bitmap: UnsafePointer<UInt8>, elements: Int, into gaps: UnsafeMutablePointer<UInt8>,
    on set: InstructionSet = .best
  ) -> Int {
    if let kernel = unsafe set.kernels?.encode_gaps { return unsafe kernel(bitmap, elements, gaps) }
    var count = 0
    var next = 0
    let bytes = (elements + 7) / 8
    var start = 0
    while start < bytes {
      var bits: UInt64 = 0
      if start + 8 <= bytes {
        bits = unsafe UInt64(littleEndian: UnsafeRawPointer(bitmap + start).loadUnaligned(as: UInt64.self))
      } else {
        for index in start..<bytes { bits |= unsafe UInt64(bitmap[index]) &<< UInt64(8 * (index - start)) }
      }
      while bits != 0 {
        let position = start * 8 + bits.trailingZeroBitCount
        var gap = position - next
        while gap >= 255 {
          unsafe gaps[count] = 255
          count += 1
          gap -= 255
        }
        unsafe gaps[count] = UInt8(truncatingIfNeeded: gap)
        count += 1
        next = position + 1
        bits &= bits &- 1
      }
      start += 8
    }
    return count
  }

  /// The inverse of `encode`; returns the number of ones, or nil where a gap leads past the last element.
  /// `bitmap` holds ⌈elements / 8⌉ bytes, all 0.
  public static func decode(
    _ gaps: UnsafePointer<UInt8>, count: Int, elements: Int, into bitmap: UnsafeMutablePointer<UInt8>
  ) -> Int? {
    var position = 0
    var stored = 0
    for index in 0..<count {
      let gap = unsafe gaps[index]
      position += Int(gap)
      if gap == 255 { continue }
      guard position < elements else { return nil }
      unsafe bitmap[position &>> 3] |= 1 &<< UInt8(position & 7)
      position += 1
      stored += 1
    }
    return position <= elements ? stored : nil
  }
}
