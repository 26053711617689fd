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

  /// Of elements of which the smallest go.
  /// - Parameters:
  ///   - counts: of each magnitude, how many there are.
  ///   - magnitude: all elements below it go, and `taken` of those that have it; finite ones alone.
  public init(counts: [Int], _ order: MagnitudeOrder, zeroedUpTo magnitude: UInt64, taken: Int) {
    zerosBefore = counts[0]
    for (bits, count) in counts.enumerated() where count > 0 {
      elementCount += count
      guard bits <= order.largestFinite else { continue }
      let value = order.value(of: UInt64(bits))
      let gone = bits < magnitude ? count : bits == magnitude ? taken : 0
      squares += Double(count) * value * value
      lostSquares += Double(gone) * value * value
      zerosAfter += bits == 0 ? count : gone
    }
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
  public func tally(_ before: RawSpan, _ after: RawSpan, on set: InstructionSet = .best) -> PruneTally {
    precondition(before.byteCount == after.byteCount)
    var result = PruneTally()
    unsafe before.withUnsafeBytes { before in
      unsafe after.withUnsafeBytes { after in
        unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.blockElements) { pruned in
          unsafe forEachBlock(before) { block, first in
            unsafe widen(after.baseAddress! + first &* elementBytes, block.count, pruned)
            unsafe result.add(TallyLanes(block, after: UnsafePointer(pruned.baseAddress!), limit: 0, on: set).tally)
          }
        }
      }
    }
    return result
  }

  /// Tallies elements of which those of magnitude `limit` or less become zero.
  public func tally(_ source: RawSpan, zeroedUpTo limit: Double, on set: InstructionSet = .best) -> PruneTally {
    var result = PruneTally()
    unsafe source.withUnsafeBytes { source in
      unsafe forEachBlock(source) { block, _ in
        unsafe result.add(TallyLanes(block, after: nil, limit: limit, on: set).tally)
      }
    }
    return result
  }
}

/// The sums and counts of one block, lane by lane.
private struct TallyLanes {
  private let elementCount: Int
  private var squares = SIMD8<Double>()
  private var lost = SIMD8<Double>()
  private var before = SIMD8<Int64>()
  private var after = SIMD8<Int64>()

  /// - Parameters:
  ///   - after: what the values became; nil where those of magnitude `limit` or less become zero.
  init(
    _ block: UnsafeMutableBufferPointer<Double>, after: UnsafePointer<Double>?, limit: Double, on set: InstructionSet
  ) {
    elementCount = block.count
    guard let kernel = unsafe set.kernels?.tally_squares else {
      unsafe add(block, after: after, limit)
      return
    }
    unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: 16) { sums in
      unsafe withUnsafeTemporaryAllocation(of: Int64.self, capacity: 16) { counts in
        unsafe kernel(block.baseAddress, after, block.count, limit, sums.baseAddress, counts.baseAddress)
        for lane in 0..<8 {
          squares[lane] = unsafe sums[lane]
          lost[lane] = unsafe sums[8 + lane]
          self.before[lane] = unsafe counts[lane]
          self.after[lane] = unsafe counts[8 + lane]
        }
      }
    }
  }

  /// The reference of the kernels in C.
  private mutating func add(_ block: UnsafeMutableBufferPointer<Double>, after: UnsafePointer<Double>?, _ limit: Double)
  {
    for index in 0..<block.count {
      let value = unsafe block[index]
      let goes = unsafe after.map { unsafe $0[index] == 0 } ?? (value.magnitude <= limit)
      let square = value - value == 0 ? value * value : 0
      let lane = index & 7
      squares[lane] += square
      lost[lane] += goes ? square : 0
      before[lane] += value == 0 ? 1 : 0
      self.after[lane] += goes ? 1 : 0
    }
  }

  var tally: PruneTally {
    var result = PruneTally()
    result.elementCount = elementCount
    for lane in 0..<8 {
      result.squares += squares[lane]
      result.lostSquares += lost[lane]
      result.zerosBefore += Int(before[lane])
      result.zerosAfter += Int(after[lane])
    }
    return result
  }
}
