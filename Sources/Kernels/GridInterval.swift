/// The positive numbers that are still possible as a scale. An end belongs to it or not.
struct GridInterval {
  private(set) var low = 0.0
  private(set) var high = Double.infinity
  private var hasLow = true
  private var hasHigh = true

  init() {}

  /// A closed interval.
  init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }

  var isEmpty: Bool { low > high || low == high && !(hasLow && hasHigh) }
  var middle: Double { (low + high) / 2 }

  /// Leaves what lies between both, the ends themselves only if `isClosed`.
  mutating func narrow(to low: Double, _ high: Double, isClosed: Bool) {
    if low > self.low {
      (self.low, hasLow) = (low, isClosed)
    } else if low == self.low {
      hasLow = hasLow && isClosed
    }
    if high < self.high {
      (self.high, hasHigh) = (high, isClosed)
    } else if high == self.high {
      hasHigh = hasHigh && isClosed
    }
  }

  /// The interval without what is within `margin` of its ends, relative to them.
  func inset(by margin: Double) -> GridInterval {
    GridInterval(low: low * (1 + margin), high: high * (1 - margin))
  }

  /// The f32 of fewest significant bits in the interval, the least of them; nil where there is none.
  var shortest: Float? {
    guard !isEmpty, low >= 0x1p-126, high < 0x1p127 else { return nil }
    for bits in 0...23 {
      // A power of two: of that many bits, the numbers from the low end's exponent on are its multiples.
      let step = Double(bitPattern: (low.bitPattern &>> 52 &- UInt64(bits)) &<< 52)
      var candidate = (low / step).rounded(.up) * step
      if candidate == low, !hasLow { candidate += step }
      if candidate < high || candidate == high && hasHigh { return Float(candidate) }
    }
    return nil
  }
}
