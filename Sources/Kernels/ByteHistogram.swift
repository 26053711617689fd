/// Counts of the 256 byte values.
public enum ByteHistogram {
  /// The 256 counts of `bytes`.
  public static func counts(of bytes: UnsafeRawBufferPointer) -> [UInt32] {
    var counts = [UInt32](repeating: 0, count: 256)
    guard let base = bytes.baseAddress else { return counts }
    unsafe counts.withUnsafeMutableBufferPointer { unsafe add(base, count: bytes.count, to: $0.baseAddress!) }
    return counts
  }

  /// Adds each byte of `source` to its counter of 256. Reads once; O(n); never fails.
  /// - Precondition: no counter passes 2³².
  public static func add(_ source: UnsafeRawPointer, count: Int, to counts: UnsafeMutablePointer<UInt32>) {
    // Equal neighbours would wait for each other's counter: four tables keep them apart.
    unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 1024) { tables in
      let base = tables.baseAddress!
      unsafe base.initialize(repeating: 0, count: 1024)
      let (a, b, c, d) = unsafe (base, base + 256, base + 512, base + 768)
      var index = 0
      while index &+ 8 <= count {
        let eight = unsafe UInt64(littleEndian: source.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        unsafe a[Int(truncatingIfNeeded: eight & 0xFF)] &+= 1
        unsafe b[Int(truncatingIfNeeded: eight &>> 8 & 0xFF)] &+= 1
        unsafe c[Int(truncatingIfNeeded: eight &>> 16 & 0xFF)] &+= 1
        unsafe d[Int(truncatingIfNeeded: eight &>> 24 & 0xFF)] &+= 1
        unsafe a[Int(truncatingIfNeeded: eight &>> 32 & 0xFF)] &+= 1
        unsafe b[Int(truncatingIfNeeded: eight &>> 40 & 0xFF)] &+= 1
        unsafe c[Int(truncatingIfNeeded: eight &>> 48 & 0xFF)] &+= 1
        unsafe d[Int(truncatingIfNeeded: eight &>> 56)] &+= 1
        index &+= 8
      }
      while index < count {
        unsafe a[Int(source.load(fromByteOffset: index, as: UInt8.self))] &+= 1
        index &+= 1
      }
      for value in 0..<256 { unsafe counts[value] &+= a[value] &+ b[value] &+ c[value] &+ d[value] }
    }
  }
}
