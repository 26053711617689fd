/// How large the elements of a row are.
public enum RowExponents {
  /// The mean exponent, biased, of the elements that are not zero; −1 where all are.
  /// - Precondition: the elements are aligned; the sign is the top bit, and `exponentBits` follow.
  public static func mean(_ source: UnsafeRawPointer, elements: Int, width: Int, exponentBits: Int) -> Double {
    withWord(
      width: width,
      { unsafe mean(source.words(UInt8.self), elements, exponentBits) },
      { unsafe mean(source.words(UInt16.self), elements, exponentBits) },
      { unsafe mean(source.words(UInt32.self), elements, exponentBits) },
      { unsafe mean(source.words(UInt64.self), elements, exponentBits) })
  }

  @inline(__always)
  private static func mean<W: Word>(_ words: UnsafePointer<W>, _ count: Int, _ exponentBits: Int) -> Double {
    let shift = W(truncatingIfNeeded: W.bitWidth - exponentBits)
    var sum: UInt64 = 0
    var others: UInt64 = 0
    var index = 0
    while index < count {
      let magnitude = unsafe words[index] &<< 1
      sum &+= UInt64(truncatingIfNeeded: magnitude &>> shift)
      others &+= magnitude == 0 ? 0 : 1
      index &+= 1
    }
    return others == 0 ? -1 : Double(sum) / Double(others)
  }
}
