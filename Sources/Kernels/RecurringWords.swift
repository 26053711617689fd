/// Whether words of eight bytes come again: a quick look before a search for matches.
public enum RecurringWords {
  private static let looks = 512

  /// Whether among words from all over `bytes` many are the same, those of equal bits left out.
  public static func areCommon(in bytes: UnsafeRawBufferPointer) -> Bool {
    let words = bytes.count / 8
    guard words >= 64 else { return false }
    var seen: Set<UInt64> = []
    var telling = 0
    let looks = min(looks, words)
    for number in 0..<looks {
      let place = (words - 1) * number / looks
      let word = unsafe bytes.loadUnaligned(fromByteOffset: 8 * place, as: UInt64.self)
      if word == 0 || word == .max { continue }
      telling += 1
      seen.insert(word)
    }
    // A mask of nothing but long runs has no other words.
    return telling < looks / 16 || seen.count * 4 < telling * 3
  }
}
