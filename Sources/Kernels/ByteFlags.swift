/// Eight bytes that are 0 or 1 as eight bits, and back.
enum ByteFlags {
  /// Bit i of the result is byte i of `flags`, whose bytes are 0 or 1.
  @inline(__always)
  static func bits(of flags: UInt64) -> UInt64 { (flags &* 0x0102_0408_1020_4080) &>> 56 }
}
