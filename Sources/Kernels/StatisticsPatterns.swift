package import TensorModel

/// How often each bit pattern of a type of at most 16 bits occurs: everything about such types follows from it.
package struct PatternHistogram: Hashable, Sendable {
  package let dtype: DType
  /// The patterns that occur, rising.
  package private(set) var counts: [PatternCount]

  /// - Parameter counts: in any order.
  package init(_ counts: [PatternCount], dtype: DType) {
    precondition(dtype.elementBits <= 16)
    self.dtype = dtype
    self.counts = counts.sorted { $0.pattern < $1.pattern }
  }

  package mutating func multiply(by factor: Int) {
    for index in counts.indices { counts[index].count *= factor }
    counts.removeAll { $0.count == 0 }
  }

  package var statistics: ValueStatistics {
    var result = ValueStatistics()
    var values: [(value: Double, count: Int)] = []
    var demand = FloatDemand()
    for entry in counts {
      let element = NarrowElement(pattern: Int(entry.pattern), dtype: dtype)
      let count = entry.count
      result.elementCount += count
      result.uniformity.merge(.bits(UInt64(entry.pattern)))
      switch element.kind {
      case .nan:
        result.nans += count
        demand.addNaN(mantissa: UInt64(entry.pattern), bits: dtype.mantissaBits)
      case .infinity:
        result.infinities += count
        demand.addInfinity()
      case .zero:
        result.zeros += count
        if element.isNegative { result.negativeZeros += count }
      case .subnormal: result.subnormals += count
      case .normal: break
      }
      if let value = element.value {
        values.append((value + 0, count))
        demand.add(value)
      }
    }
    result.moments = Moments(counted: values)
    result.extremes = extremes(of: values)
    if dtype.isFloat { result.demand = demand }
    return result
  }

  private func extremes(of values: [(value: Double, count: Int)]) -> ValueStatistics.Extremes? {
    guard let lowest = values.map(\.value).min(), let highest = values.map(\.value).max() else { return nil }
    switch dtype.values {
    case .signed: return .signed(minimum: Int64(lowest), maximum: Int64(highest))
    case .unsigned, .boolean: return .unsigned(minimum: UInt64(lowest), maximum: UInt64(highest))
    case .float, .complex, .blocks, .opaque: return .floating(minimum: lowest, maximum: highest)
    }
  }
}

extension DType {
  /// Of a float; 0 for other types.
  fileprivate var mantissaBits: Int {
    if case .float(let layout) = values { layout.mantissaBits } else { 0 }
  }
}

extension Moments {
  /// The moments of values that occur so many times each.
  init(counted values: [(value: Double, count: Int)]) {
    let total = values.reduce(0) { $0 + $1.count }
    guard let first = values.first, values.contains(where: { $0.value != first.value }) else {
      self.init(count: total, of: values.first?.value ?? 0)
      return
    }
    let mean = values.reduce(0) { $0 + $1.value * Double($1.count) } / Double(total)
    let squares = values.reduce(0) { $0 + ($1.value - mean) * ($1.value - mean) * Double($1.count) }
    self.init(count: total, scaledMean: mean, scaledSquares: squares, exponent: 0)
  }
}
