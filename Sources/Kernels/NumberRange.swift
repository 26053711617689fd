/// How far the finite ones of some numbers reach, zero among them: what a scale is made of.
public struct NumberRange: Hashable, Sendable {
  /// At most 0.
  public private(set) var low: Float = 0
  /// At least 0.
  public private(set) var high: Float = 0
  /// Σ |x|.
  public private(set) var magnitudes = 0.0
  /// Finite numbers.
  public private(set) var count = 0

  public init() {}

  /// The largest magnitude.
  public var reach: Float { max(-low, high) }

  /// The mean magnitude; 0 of no numbers.
  public var meanMagnitude: Double { count == 0 ? 0 : magnitudes / Double(count) }

  /// Takes in the numbers of a run. The sum is of doubles, in eight lanes (lane = position in the run mod 8) that are added
  /// in order.
  public mutating func add(_ numbers: [Float], _ run: Range<Int>) {
    precondition(run.lowerBound >= 0 && run.upperBound <= numbers.count)
    unsafe numbers.withUnsafeBufferPointer { numbers in
      var (low, high) = (SIMD8<Float>(repeating: self.low), SIMD8<Float>(repeating: self.high))
      var sums = SIMD8<Double>()
      var special = SIMD8<Int32>()
      var index = run.lowerBound
      while index < run.upperBound {
        var eight = SIMD8<Float>()
        if index &+ 8 <= run.upperBound {
          for lane in 0..<8 { eight[lane] = unsafe numbers[index &+ lane] }
        } else {
          for lane in 0..<(run.upperBound &- index) { eight[lane] = unsafe numbers[index &+ lane] }
        }
        let isSpecial = unsafe (unsafeBitCast(eight, to: SIMD8<UInt32>.self) & 0x7F80_0000) .== 0x7F80_0000
        eight.replace(with: 0, where: isSpecial)
        special.replace(with: special &+ 1, where: isSpecial)
        low.replace(with: eight, where: eight .< low)
        high.replace(with: eight, where: eight .> high)
        var magnitudes = SIMD8<Double>()
        for lane in 0..<8 { magnitudes[lane] = Double(eight[lane].magnitude) }
        sums += magnitudes
        index &+= 8
      }
      self.low = low.min()
      self.high = high.max()
      for lane in 0..<8 { magnitudes += sums[lane] }
      count += run.count - Int(special.wrappedSum())
    }
  }
}
