/// Numbers replaced by the nearest multiple, or the nearest level, of a scale: level × scale, a product in f32 that is kept
/// within ±`limit`.
///
/// x / scale is a quotient in f32. What becomes of NaN and of infinite numbers is not defined: `QuantizedNumbers.store` keeps
/// the elements they came from. The loops neither allocate nor fail.
public enum Quantize {
  /// 1.5 × 2^23: a sum with it of less than 2^22 is rounded to a whole number, ties to even.
  private static let wholeNumbers: Float = 0x1.8p23

  /// The whole levels from `low` to `high`; ties to even.
  /// - Precondition: `low <= 0 <= high`, both below 2^22 in magnitude; `scale` is above 0 and finite.
  public static func toIntegers(
    _ numbers: inout [Float], _ run: Range<Int>, scale: Float, low: Float, high: Float, limit: Float
  ) {
    forEach(&numbers, run) { number in
      var level = number / scale
      level = level < low ? low : level
      level = level > high ? high : level
      return clamped(((level + wholeNumbers) - wholeNumbers) * scale, limit)
    }
  }

  /// The numbers of a narrow float type as levels; ties to the even mantissa, what is too large becomes the largest.
  public static func toFloats(
    _ numbers: inout [Float], _ run: Range<Int>, scale: Float, levels: NarrowFloat, limit: Float
  ) {
    let largest = levels.largest
    // A sum with 1.5 × 2^(e + 23 - m) is rounded to units of 2^(e - m).
    let lift = UInt32(23 - levels.mantissaBits) &<< 23 | 0x0040_0000
    forEach(&numbers, run) { number in
      var level = number / scale
      level = level < -largest ? -largest : level
      level = level > largest ? largest : level
      let exponent = max(level.bitPattern & 0x7F80_0000, levels.leastExponentBits)
      let unit = Float(bitPattern: exponent &+ lift)
      return clamped(((level + unit) - unit) * scale, limit)
    }
  }

  /// The levels of a book: the nearest, of two the lower.
  public static func toLevels(
    _ numbers: inout [Float], _ run: Range<Int>, scale: Float, book: LevelBook, limit: Float
  ) {
    unsafe book.levels.withUnsafeBufferPointer { levels in
      unsafe book.thresholds.withUnsafeBufferPointer { thresholds in
        let half = (thresholds.count + 1) / 2
        forEach(&numbers, run) { number in
          let level = number / scale
          var code = 0
          var step = half
          while step > 0 {
            code &+= unsafe level > thresholds[code &+ step &- 1] ? step : 0
            step &>>= 1
          }
          return clamped(unsafe levels[code] * scale, limit)
        }
      }
    }
  }

  @inline(__always)
  private static func clamped(_ value: Float, _ limit: Float) -> Float {
    let above = value < -limit ? -limit : value
    return above > limit ? limit : above
  }

  @inline(__always)
  private static func forEach(_ numbers: inout [Float], _ run: Range<Int>, _ body: (Float) -> Float) {
    precondition(run.lowerBound >= 0 && run.upperBound <= numbers.count)
    unsafe numbers.withUnsafeMutableBufferPointer { numbers in
      var index = run.lowerBound
      while index < run.upperBound {
        unsafe numbers[index] = body(numbers[index])
        index &+= 1
      }
    }
  }
}

/// A float type of few bits, without infinities, as levels.
public struct NarrowFloat: Hashable, Sendable {
  let mantissaBits: Int
  /// The exponent of the smallest normal number, where f32 has it.
  let leastExponentBits: UInt32
  public let largest: Float
  /// The exponent of the largest number.
  public let largestExponent: Int

  private init(mantissaBits: Int, leastExponent: Int, largest: Float) {
    self.mantissaBits = mantissaBits
    leastExponentBits = UInt32(leastExponent + 127) << 23
    self.largest = largest
    largestExponent = Int(largest.exponent)
  }

  /// E2M1 of OCP's Microscaling formats: 0, ½, 1, 1½, 2, 3, 4, 6 and their negatives.
  public static let e2m1 = NarrowFloat(mantissaBits: 1, leastExponent: 0, largest: 6)
  /// E4M3 of OCP's 8-bit floats.
  public static let e4m3 = NarrowFloat(mantissaBits: 3, leastExponent: -6, largest: 448)
}

/// Any levels, and the thresholds between them.
public struct LevelBook: Hashable, Sendable {
  /// Ascending, then the last one again, up to a power of two.
  let levels: [Float]
  /// Behind each level but the last the middle to the next, in f32; infinite where there is none.
  let thresholds: [Float]

  /// - Precondition: `levels` is ascending, finite and not empty.
  public init(_ levels: [Float]) {
    precondition(!levels.isEmpty)
    var size = 2
    while size < levels.count { size *= 2 }
    let middles = zip(levels, levels.dropFirst()).map { Float((Double($0) + Double($1)) / 2) }
    thresholds = middles + Array(repeating: .infinity, count: size - 1 - middles.count)
    self.levels = levels + Array(repeating: levels[levels.count - 1], count: size - levels.count)
  }
}
