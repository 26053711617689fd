/// Builds small structures in memory, in the forms that `ByteCursor` reads.
public struct ByteWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  /// Empties it, keeping its memory.
  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Drops what lies behind the first `count` bytes.
  public mutating func truncate(to count: Int) { bytes.removeSubrange(count...) }

  public mutating func byte(_ value: UInt8) { bytes.append(value) }

  /// Little-endian.
  @inlinable public mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) {
    appendBytes(of: UInt64(value), count: MemoryLayout<Value>.size)
  }

  @usableFromInline mutating func appendBytes(of value: UInt64, count: Int) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }

  /// LEB128 in its shortest form.
  public mutating func varint(_ value: Int) {
    precondition(value >= 0)
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  public mutating func append(_ other: some Sequence<UInt8>) { bytes.append(contentsOf: other) }

  /// UTF-8 behind its length in bytes.
  public mutating func string(_ value: String) {
    varint(value.utf8.count)
    bytes.append(contentsOf: value.utf8)
  }
}
