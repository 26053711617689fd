/// What pruning did to some elements. Sums are over finite elements.
public struct PruneTally: Hashable, Sendable {
  public var elementCount = 0
  public var zerosBefore = 0
  public var zerosAfter = 0
  /// Σ w².
  public var squares = 0.0
  /// Σ (w − w')².
  public var lostSquares = 0.0

  public init() {}

  /// Of elements that were zero and stay so.
  public init(zeros: Int) {
    elementCount = zeros
    zerosBefore = zeros
    zerosAfter = zeros
  }

  /// Adds the tally of other elements. The sums depend on the order of the additions.
  public mutating func add(_ other: PruneTally) {
    elementCount += other.elementCount
    zerosBefore += other.zerosBefore
    zerosAfter += other.zerosAfter
    squares += other.squares
    lostSquares += other.lostSquares
  }

  /// ‖W − W'‖ / ‖W‖ by the Frobenius norm; 0 where nothing was lost.
  public var relativeError: Double { lostSquares == 0 ? 0 : (lostSquares / squares).squareRoot() }
}

/// The tallies run over blocks of `blockElements`, in eight lanes (lane = index mod 8) that are added in order.
extension DoubleWidening {
  /// Compares elements with what they became: each is as it was, or zero.
  public func tally(_ before: RawSpan, _ after: RawSpan) -> PruneTally {
    precondition(before.byteCount == after.byteCount)
    var result = PruneTally()
    unsafe before.withUnsafeBytes { before in
      unsafe after.withUnsafeBytes { after in
        unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.blockElements) { pruned in
          unsafe forEachBlock(before) { block, first in
            unsafe widen(after.baseAddress! + first &* elementBytes, block.count, pruned)
            result.add(
              unsafe Self.tally(block) { (_, index) in
                var eight = SIMD8<Double>()
                for lane in 0..<8 { eight[lane] = unsafe pruned[index &+ lane] }
                return eight .== 0
              })
          }
        }
      }
    }
    return result
  }

  /// Tallies elements of which those of magnitude `limit` or less become zero.
  public func tally(_ source: RawSpan, zeroedUpTo limit: Double) -> PruneTally {
    var result = PruneTally()
    unsafe source.withUnsafeBytes { source in
      unsafe forEachBlock(source) { block, _ in
        result.add(
          unsafe Self.tally(block) { (values, _) in (values .<= limit) .& (values .>= -limit) })
      }
    }
    return result
  }

  /// - Parameters:
  ///   - block: room for whole eights.
  ///   - isZeroed: which of eight values, beginning at an index, become or are zero.
  @inline(__always)
  private static func tally(
    _ block: UnsafeMutableBufferPointer<Double>, isZeroed: (SIMD8<Double>, Int) -> SIMDMask<SIMD8<Int64>>
  ) -> PruneTally {
    var squares = SIMD8<Double>()
    var lost = SIMD8<Double>()
    var before = SIMD8<Int64>()
    var after = SIMD8<Int64>()
    var index = 0
    while index < block.count {
      var values = SIMD8<Double>(repeating: .nan)
      for lane in 0..<min(8, block.count &- index) { values[lane] = unsafe block[index &+ lane] }
      // Lanes behind the last element are NaN, whatever `isZeroed` found there.
      let zeroed = isZeroed(values, index) .& (values .== values)
      before &-= unsafe unsafeBitCast(values .== 0, to: SIMD8<Int64>.self)
      after &-= unsafe unsafeBitCast(zeroed, to: SIMD8<Int64>.self)
      let isFinite = (values - values) .== 0
      let square = (values * values).replacing(with: 0, where: .!isFinite)
      squares += square
      lost += square.replacing(with: 0, where: .!zeroed)
      index &+= 8
    }
    var result = PruneTally()
    result.elementCount = block.count
    for lane in 0..<8 {
      result.squares += squares[lane]
      result.lostSquares += lost[lane]
      result.zerosBefore += Int(before[lane])
      result.zerosAfter += Int(after[lane])
    }
    return result
  }
}
