/// Writes the bit streams of Huffman-coded literals of a zstd block (RFC 8878, 4.2.2): each is read from its end, so the
/// last byte is coded first.
public enum HuffmanStreams {
  /// The longest code that zstd's decoders take, in bits.
  public static let longestCode = 11

  /// A byte's code as the coder takes it: the code in the topmost bits, its length in the lowest eight.
  public static func entry(code: UInt64, length: Int) -> UInt64 {
    length == 0 ? 0 : code << UInt64(64 - length) | UInt64(length)
  }

  /// An upper bound of the bytes that `encode` writes for that many symbols, what it writes past the end included.
  public static func bound(_ count: Int) -> Int { (count * longestCode) / 8 + 16 }

  /// Codes `count` bytes of each of four streams, which lie one after the other, the last one `lastCount`, at most
  /// `count`; writes them `stride` bytes apart and their sizes to `sizes`.
  /// - Parameter table: 256 entries; those of bytes that occur have a length of 1 to 11.
  /// - Precondition: `stride` is at least `bound(count)`, and `target` holds four of it.
  public static func encode4(
    _ source: UnsafePointer<UInt8>, count: Int, lastCount: Int, table: UnsafePointer<UInt64>, longest: Int,
    into target: UnsafeMutablePointer<UInt8>, stride: Int, sizes: UnsafeMutablePointer<Int>,
    on set: InstructionSet = .best
  ) {
    if let kernel = unsafe set.kernels?.huffman_encode4 {
      return unsafe kernel(source, count, lastCount, table, UInt32(longest), target, stride, sizes)
    }
    for stream in 0..<4 {
      unsafe sizes[stream] = encode(
        source + stream * count, count: stream == 3 ? lastCount : count, table: table, into: target + stream * stride)
    }
  }

  /// Codes one stream; returns its bytes.
  /// - Precondition: `target` holds `bound(count)` bytes.
  public static func encode(
    _ source: UnsafePointer<UInt8>, count: Int, table: UnsafePointer<UInt64>, into target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    // The topmost `used` bits of `bits` wait to be written, the latest on top. What entries leave in the lowest bits
    // never rises to those: at most 7 + 4 · 11 of the 64 are in use.
    var bits: UInt64 = 0
    var used: UInt64 = 0
    var out = UnsafeMutableRawPointer(target)
    var index = count
    while index & 3 != 0 {
      index &-= 1
      unsafe add(table[Int(source[index])], to: &bits, &used)
    }
    unsafe flush(bits, &used, to: &out)
    while index > 0 {
      unsafe add(table[Int(source[index &- 1])], to: &bits, &used)
      unsafe add(table[Int(source[index &- 2])], to: &bits, &used)
      unsafe add(table[Int(source[index &- 3])], to: &bits, &used)
      unsafe add(table[Int(source[index &- 4])], to: &bits, &used)
      unsafe flush(bits, &used, to: &out)
      index &-= 4
    }
    // A one marks the end.
    add(entry(code: 1, length: 1), to: &bits, &used)
    unsafe flush(bits, &used, to: &out)
    return unsafe out - UnsafeMutableRawPointer(target) + (used == 0 ? 0 : 1)
  }

  @inline(__always)
  private static func add(_ entry: UInt64, to bits: inout UInt64, _ used: inout UInt64) {
    bits = bits &>> entry | entry
    used &+= entry & 0xFF
  }

  /// Writes whole bytes and keeps the rest; the byte after the last whole one holds what there is of it.
  @inline(__always)
  private static func flush(_ bits: UInt64, _ used: inout UInt64, to out: inout UnsafeMutableRawPointer) {
    unsafe out.storeBytes(of: (bits &>> (0 &- used)).littleEndian, as: UInt64.self)
    unsafe out += Int(truncatingIfNeeded: used &>> 3)
    used &= 7
  }
}
