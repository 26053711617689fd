/// The checksum of HDF5's fletcher32 filter: two sums modulo 2^16 − 1 over big-endian words of 16 bits.
///
/// Either sum may be 0xFFFF where arithmetic modulo 2^16 − 1 has 0, which is part of what files hold: carries are folded
/// in every 360 words and twice at the end.
public enum Fletcher32 {
  /// Words before a sum of sums can overflow 32 bits.
  private static let wordsBetweenFolds = 360

  public static func checksum(_ source: UnsafePointer<UInt8>, byteCount: Int) -> UInt32 {
    var (sum, sumOfSums): (UInt32, UInt32) = (0, 0)
    let words = byteCount / 2
    var first = 0
    while first < words {
      let end = min(first &+ wordsBetweenFolds, words)
      while first < end {
        unsafe sum &+= UInt32(source[2 &* first]) &<< 8 | UInt32(source[2 &* first &+ 1])
        sumOfSums &+= sum
        first &+= 1
      }
      (sum, sumOfSums) = (folded(sum), folded(sumOfSums))
    }
    if byteCount % 2 == 1 {
      unsafe sum &+= UInt32(source[byteCount - 1]) &<< 8
      sumOfSums &+= sum
      (sum, sumOfSums) = (folded(sum), folded(sumOfSums))
    }
    return folded(sumOfSums) &<< 16 | folded(sum)
  }

  @inline(__always)
  private static func folded(_ sum: UInt32) -> UInt32 { sum & 0xFFFF &+ sum &>> 16 }
}
