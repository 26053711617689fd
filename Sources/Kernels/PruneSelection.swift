/// Finds the largest of the `rank` smallest keys among keys that can be visited again and again, in bounded memory: each
/// visit settles one digit of it, the highest first. The order of a visit doesn't matter.
///
/// After every visit of all keys with `count`, `advance` closes it; when that returns true, `key` and `ties` are known.
public struct RadixSelection: Sendable {
  /// Keys that share the settled digits, by their next digit.
  public private(set) var counts: [Int]
  /// Of the keys that share the settled digits, how many belong to the smallest.
  private var rank: Int
  /// The settled digits.
  private(set) var prefix: UInt64 = 0
  /// Bits below the digit that is being counted.
  private(set) var shift: Int
  private(set) var digitBits: Int
  private let widestDigit: Int

  /// - Parameters:
  ///   - keyBits: every key is less than 2^keyBits.
  ///   - rank: at least 1, at most the number of keys.
  ///   - digitBits: of the widest digit; each visit needs 2^digitBits counters.
  public init(keyBits: Int, rank: Int, digitBits: Int = 16) {
    precondition(rank > 0 && (1...64).contains(keyBits) && (1...16).contains(digitBits))
    self.rank = rank
    widestDigit = digitBits
    let rest = keyBits % digitBits
    self.digitBits = rest == 0 ? digitBits : rest
    shift = keyBits - self.digitBits
    counts = [Int](repeating: 0, count: 1 << self.digitBits)
  }

  /// The key, when all its digits are settled.
  public var key: UInt64 { prefix }
  /// How many keys equal to `key` belong to the smallest, and how many there are.
  public private(set) var ties = (taken: 0, all: 0)

  /// Counts the first `count` of `keys`, which belong to one visit.
  public mutating func count(_ keys: [UInt64], _ count: Int) {
    precondition(count <= keys.count)
    unsafe keys.withUnsafeBufferPointer { keys in
      self.count(count) { unsafe keys[$0] }
    }
  }

  /// Counts the keys that `key` gives for `0..<count`.
  @inline(__always)
  mutating func count<Key: Word>(_ count: Int, _ key: (Int) -> Key) {
    let prefix = Key(truncatingIfNeeded: prefix)
    let shift = Key(truncatingIfNeeded: shift)
    let upper = Key(truncatingIfNeeded: self.shift + digitBits)
    let mask = Key(truncatingIfNeeded: 1 << digitBits - 1)
    let isFirst = self.prefix == 0 && Int(upper) >= Key.bitWidth - 1
    unsafe counts.withUnsafeMutableBufferPointer { counts in
      if isFirst {
        for index in 0..<count {
          unsafe counts[Int(truncatingIfNeeded: key(index) &>> shift & mask)] &+= 1
        }
      } else {
        for index in 0..<count {
          let key = key(index)
          if key &>> upper == prefix { unsafe counts[Int(truncatingIfNeeded: key &>> shift & mask)] &+= 1 }
        }
      }
    }
  }

  /// Adds what another selection, begun as this one, has counted in the same visit.
  public mutating func merge(_ other: borrowing RadixSelection) {
    precondition(prefix == other.prefix && shift == other.shift && counts.count == other.counts.count)
    for index in counts.indices { counts[index] += other.counts[index] }
  }

  /// Closes a visit.
  /// - Returns: whether the key is known; else all keys must be visited again.
  public mutating func advance() -> Bool {
    var digit = 0
    while rank > counts[digit] {
      rank -= counts[digit]
      digit += 1
      precondition(digit < counts.count, "fewer keys than the rank")
    }
    prefix = prefix << UInt64(digitBits) | UInt64(digit)
    ties = (taken: rank, all: counts[digit])
    guard shift > 0 else { return true }
    digitBits = widestDigit
    shift -= digitBits
    // The first digit may have been narrower.
    if counts.count == 1 << digitBits {
      for index in counts.indices { counts[index] = 0 }
    } else {
      counts = [Int](repeating: 0, count: 1 << digitBits)
    }
    return false
  }
}
