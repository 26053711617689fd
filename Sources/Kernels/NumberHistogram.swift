/// Counts and sums of numbers by their leading bits: sign, exponent and ten bits of the mantissa, all of an f16 or bf16.
///
/// Zeros, NaN and infinite numbers are left out.
public struct NumberHistogram: Sendable {
  private static let shift: UInt32 = 13
  private var counts: [Int]
  private var sums: [Double]
  /// Whether there was a zero, of either sign.
  public private(set) var hasZeros = false

  /// Numbers that share their leading bits.
  public struct Bin: Hashable, Sendable {
    public let count: Int
    public let sum: Double
    public var mean: Double { sum / Double(count) }
  }

  public init() {
    counts = Array(repeating: 0, count: 1 << (32 - Int(Self.shift)))
    sums = Array(repeating: 0, count: counts.count)
  }

  /// Takes in the first `count` numbers, in order.
  public mutating func add(_ numbers: [Float], count: Int) {
    precondition(count <= numbers.count)
    unsafe numbers.withUnsafeBufferPointer { numbers in
      unsafe counts.withUnsafeMutableBufferPointer { counts in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
          var index = 0
          while index < count {
            let number = unsafe numbers[index]
            index &+= 1
            if number == 0 {
              hasZeros = true
            } else if number.bitPattern & 0x7F80_0000 != 0x7F80_0000 {
              let bin = Int(number.bitPattern &>> Self.shift)
              unsafe counts[bin] &+= 1
              unsafe sums[bin] += Double(number)
            }
          }
        }
      }
    }
  }

  /// The bins that hold anything, ascending.
  public var bins: [Bin] {
    let half = counts.count / 2
    let ascending = Array((half..<counts.count).reversed()) + Array(0..<half)
    return ascending.compactMap { counts[$0] == 0 ? nil : Bin(count: counts[$0], sum: sums[$0]) }
  }
}
