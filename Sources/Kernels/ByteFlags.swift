/// Eight bytes that are 0 or 1 as eight bits, and back.
public enum ByteFlags {
  /// Bit i of the result is byte i of `flags`, whose bytes are 0 or 1.
  @inline(__always)
  static func bits(of flags: UInt64) -> UInt64 { (flags &* 0x0102_0408_1020_4080) &>> 56 }

  /// One bit per byte of `bytes`: whether it is not `byte`. `target` holds ⌈count / 8⌉ bytes.
  public static func differing(
    from byte: UInt8, _ bytes: UnsafePointer<UInt8>, count: Int, into target: UnsafeMutablePointer<UInt8>
  ) {
    var start = 0
    let whole = count & ~7
    while start < whole {
      // Zero where a byte is `byte`, then 1 in each byte that is not.
      var word =
        unsafe UnsafeRawPointer(bytes + start).loadUnaligned(as: UInt64.self) ^ (0x0101_0101_0101_0101 &* UInt64(byte))
      word = (word | ((word & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7F7F_7F7F_7F7F_7F7F)) &>> 7 & 0x0101_0101_0101_0101
      unsafe target[start / 8] = UInt8(truncatingIfNeeded: bits(of: word))
      start &+= 8
    }
    while start < count {
      var word: UInt8 = 0
      let end = min(start &+ 8, count)
      var index = start
      while index < end {
        word |= unsafe (bytes[index] == byte ? 0 : 1) &<< UInt8(truncatingIfNeeded: index &- start)
        index &+= 1
      }
      unsafe target[start / 8] = word
      start &+= 8
    }
  }
}
