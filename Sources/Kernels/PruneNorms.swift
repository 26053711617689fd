extension DoubleWidening {
  /// Adds the squares of elements, which are consecutive columns of one row, to the sums of the blocks of columns in which
  /// they lie: column c belongs to sum c / `blockColumns`.
  ///
  /// The elements of a block are added in order, in pieces of at most `blockElements`; those of a piece of 32 or more run
  /// in eight lanes that are added in order. A NaN or an infinity makes the sum one that is not finite.
  /// - Parameter column: of the first element.
  public func addSquares(_ source: RawSpan, column: Int, blockColumns: Int, to sums: inout [Double]) {
    unsafe source.withUnsafeBytes { source in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        precondition(column >= 0)
        unsafe precondition(source.isEmpty || (column + source.count / elementBytes - 1) / blockColumns < sums.count)
        unsafe forEachBlock(source) { values, first in
          var start = 0
          while start < values.count {
            let (block, inside) = (column &+ first &+ start).quotientAndRemainder(dividingBy: blockColumns)
            let count = min(values.count &- start, blockColumns &- inside)
            unsafe Self.addSquares(values.baseAddress! + start, count, to: &sums[block])
            start &+= count
          }
        }
      }
    }
  }

  @inline(__always)
  private static func addSquares(_ values: UnsafeMutablePointer<Double>, _ count: Int, to sum: inout Double) {
    var index = 0
    if count >= 32 {
      var lanes = SIMD8<Double>()
      while index &+ 8 <= count {
        var eight = SIMD8<Double>()
        for lane in 0..<8 { eight[lane] = unsafe values[index &+ lane] }
        lanes += eight * eight
        index &+= 8
      }
      for lane in 0..<8 { sum += lanes[lane] }
    }
    while index < count {
      let value = unsafe values[index]
      sum += value * value
      index &+= 1
    }
  }
}
