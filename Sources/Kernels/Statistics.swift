public import TensorModel

/// Exact counts and extremes, and the moments, of the elements of one chunk or of many.
///
/// Statistics of neighbouring chunks merge: counts, extremes and `uniform` are then the same for any way of cutting;
/// the moments' last bits depend on where the cuts are, never on threads.
public struct ValueStatistics: Hashable, Sendable {
  /// The smallest and the largest finite value. Zeros have no sign here: −0 counts as 0.
  public enum Extremes: Hashable, Sendable {
    case floating(minimum: Double, maximum: Double)
    case signed(minimum: Int64, maximum: Int64)
    case unsigned(minimum: UInt64, maximum: UInt64)
  }

  /// Whether every element has the same bits.
  public enum Uniformity: Hashable, Sendable {
    case nothingYet
    case bits(UInt64)
    case mixed
  }

  public var elementCount = 0
  /// Zeros of either sign. A complex number is zero where both its parts are.
  public var zeros = 0
  /// Zeros with a sign; of complex numbers, those zeros of which a part has one.
  public var negativeZeros = 0
  /// A complex number is NaN where either part is.
  public var nans = 0
  /// A complex number is infinite where either part is and neither is NaN.
  public var infinities = 0
  /// Non-zero numbers below the smallest normal one of their type.
  public var subnormals = 0
  /// Nil where there is no finite value, or no order (complex numbers).
  public var extremes: Extremes?
  /// Over the finite values; nil for complex numbers.
  public var moments: Moments? = Moments()
  public var uniformity = Uniformity.nothingYet
  /// What a float type needs to hold the numbers; nil for elements that are no floats.
  package var demand: FloatDemand?

  public init() {}

  /// Adds the elements of `other`, which follow these. Extremes of different kinds become floating.
  public mutating func merge(_ other: ValueStatistics) {
    guard other.elementCount > 0 else { return }
    let wasEmpty = elementCount == 0
    elementCount += other.elementCount
    zeros += other.zeros
    negativeZeros += other.negativeZeros
    nans += other.nans
    infinities += other.infinities
    subnormals += other.subnormals
    extremes = extremes.map { $0.union(other.extremes ?? $0) } ?? other.extremes
    if wasEmpty {
      moments = other.moments
    } else if let theirs = other.moments {
      moments?.merge(theirs)
    } else {
      moments = nil
    }
    if wasEmpty {
      demand = other.demand
    } else if let theirs = other.demand {
      demand?.merge(theirs)
    } else {
      demand = nil
    }
    uniformity.merge(other.uniformity)
  }
}

extension ValueStatistics.Extremes {
  public var asDoubles: (minimum: Double, maximum: Double) {
    switch self {
    case .floating(let minimum, let maximum): (minimum, maximum)
    case .signed(let minimum, let maximum): (Double(minimum), Double(maximum))
    case .unsigned(let minimum, let maximum): (Double(minimum), Double(maximum))
    }
  }

  func union(_ other: Self) -> Self {
    switch (self, other) {
    case (.signed(let a, let b), .signed(let c, let d)): return .signed(minimum: min(a, c), maximum: max(b, d))
    case (.unsigned(let a, let b), .unsigned(let c, let d)): return .unsigned(minimum: min(a, c), maximum: max(b, d))
    default:
      let (a, b) = asDoubles
      let (c, d) = other.asDoubles
      return .floating(minimum: min(a, c), maximum: max(b, d))
    }
  }
}

extension ValueStatistics.Uniformity {
  mutating func merge(_ other: Self) {
    switch (self, other) {
    case (.nothingYet, _): self = other
    case (_, .nothingYet): break
    case (.bits(let mine), .bits(let theirs)) where mine == theirs: break
    default: self = .mixed
    }
  }
}

extension ValueStatistics {
  /// The statistics of the elements in `bytes`, row-major and little-endian, whatever their alignment. O(n), one pass.
  /// - Returns: nil for opaque elements.
  /// - Precondition: `bytes` holds whole blocks of `dtype`.
  public init?(of bytes: RawSpan, dtype: DType, on set: InstructionSet = .best) {
    precondition(bytes.byteCount % dtype.blockBytes == 0)
    switch dtype.values {
    case .opaque: return nil
    case .blocks(let type): self.init(ofNumbers: bytes, type, on: set)
    case .complex: self = unsafe bytes.withUnsafeBytes { unsafe complexStatistics($0) }
    case _ where dtype.elementBits <= 16:
      self = PatternHistogram(PatternCounter(on: set).counts(of: bytes, dtype: dtype), dtype: dtype).statistics
    case .signed: self = unsafe bytes.withUnsafeBytes { unsafe signedStatistics($0, bytes: dtype.blockBytes) }
    case .unsigned, .boolean:
      self = unsafe bytes.withUnsafeBytes { unsafe unsignedStatistics($0, bytes: dtype.blockBytes) }
    case .float(let layout): self = unsafe bytes.withUnsafeBytes { unsafe floatStatistics($0, layout, set) }
    }
  }

  /// Of what the blocks dequantise to.
  private init(ofNumbers blocks: RawSpan, _ type: BlockType, on set: InstructionSet) {
    self = unsafe floatStatistics(UnsafeRawBufferPointer(start: nil, count: 0), .f32, set)
    BlockWidening().forEachPiece(of: blocks, type) { (numbers, _) in
      merge(unsafe numbers.withUnsafeBytes { unsafe floatStatistics($0, .f32, set) })
    }
  }

  /// The statistics of `block` (the bytes of one block of `dtype`) standing `count` times in a row, in O(1): the same
  /// to the last bit as those of the bytes themselves, but for the moments of numbers that share a scale.
  /// - Returns: nil for opaque elements.
  public init?(repeating block: [UInt8], count: Int, dtype: DType) {
    precondition(block.count == dtype.blockBytes && count >= 0)
    if dtype.elementBits <= 16, dtype.values != .opaque, dtype.blockType == nil {
      let counts = unsafe PatternCounter().counts(of: block.span.bytes, dtype: dtype)
      var histogram = PatternHistogram(counts, dtype: dtype)
      histogram.multiply(by: count)
      self = histogram.statistics
      return
    }
    unsafe self.init(of: block.span.bytes, dtype: dtype)
    guard count > 0 else {
      self.init(of: RawSpan(), dtype: dtype)
      return
    }
    // What it counts, it counts every time.
    elementCount *= count
    zeros *= count
    negativeZeros *= count
    nans *= count
    infinities *= count
    subnormals *= count
    moments?.multiply(by: count)
  }
}
