import Glibc
public import Kernels
public import TensorModel

/// What comparing two tensors found.
///
/// Their elements are compared in row-major order where both have as many, whatever the shapes; as bits where the dtypes
/// are the same, else as numbers. A tensor agrees with one of the same shape only.
public struct TensorComparison: Sendable {
  /// Two elements at one place.
  public struct Difference: Sendable {
    /// One index per dimension of A's shape.
    public var index: [Int]
    public var a: ElementValue
    public var b: ElementValue
    /// The bits of both in hexadecimal, where the numbers look the same in print.
    public var bits: (a: String, b: String)?
  }

  /// How the elements are compared.
  enum Mode: Sendable {
    /// The same dtype: bits, and numbers where they are some.
    case bits
    /// Two types of real numbers, or two of complex ones.
    case numbers
    /// Not at all: as many elements must be there, and their types must be of one kind.
    case nothing
  }

  /// The tensor in A and in B.
  public let a: TensorInfo
  public let b: TensorInfo
  /// The file that holds the tensor in A, where A has several.
  public let file: String?
  public let tolerance: Tolerance
  let mode: Mode
  /// Elements that differ in bits, where the dtypes are the same.
  public internal(set) var differingBits = 0
  /// Elements that differ as numbers.
  public internal(set) var differingValues = 0
  /// Whether every element that was read on one side is the other's, rounded to its type.
  var isRounded = true
  /// How far the elements are apart. Of ranges with the same bits, nothing is known unless others differ.
  public internal(set) var errors = ElementErrors()
  /// The first element, in row-major order, that differs under the tolerance.
  public internal(set) var first: Difference?
  /// The element with the largest error, the first of those where there are several.
  public internal(set) var worst: Difference?
  /// Why bytes of the tensor could not be read; the first such place. The elements there are not counted as differing.
  public internal(set) var failure: ReadFailure?

  public var name: String { a.name }
  /// The name, led by the file where there are several: `FILE:NAME`.
  public var label: String { file.map { "\($0):\(a.name)" } ?? a.name }
  public var sameLayout: Bool { a.dtype == b.dtype && a.shape == b.shape }

  init(a: TensorInfo, b: TensorInfo, file: String?, tolerance: Tolerance) {
    self.a = a
    self.b = b
    self.file = file
    self.tolerance = tolerance
    if a.elementCount != b.elementCount {
      mode = .nothing
    } else if a.dtype == b.dtype {
      mode = .bits
    } else {
      mode = CompareErrors.canMeasure(a.dtype, b.dtype) ? .numbers : .nothing
    }
  }
}

extension TensorComparison {
  /// Elements that differ under the tolerance, one by one; nil where none were compared.
  public var differing: Int? {
    guard mode != .nothing else { return nil }
    switch tolerance {
    case .exact: return mode == .bits ? differingBits : differingValues
    case .absolute, .relative: return isMeasured ? errors.beyond : differingBits
    case .value, .signalToNoise: return differingValues
    }
  }

  /// `identical`: dtype, shape and bits. `equal`: shape and numbers. `within tolerance`: shape, and numbers as near as it
  /// asks.
  public var verdict: Verdict {
    guard failure == nil, mode != .nothing, a.shape == b.shape else { return .different }
    if hasSameBits { return .identical }
    guard tolerance != .exact else { return .different }
    if differingValues == 0 { return .equal }
    switch tolerance {
    case .exact, .value: return .different
    case .absolute, .relative: return isMeasured && errors.beyond == 0 ? .withinTolerance : .different
    case .signalToNoise(let decibels):
      let isNear = errors.mismatches == 0 && (signalToNoise ?? -.infinity) >= decibels
      return isMeasured && isNear ? .withinTolerance : .different
    }
  }

  /// Whether the elements are numbers that were compared.
  public var isMeasured: Bool { mode != .nothing && CompareErrors.canMeasure(a.dtype, b.dtype) }
  /// The side whose every element is the other's, rounded to the nearest of its type; nil where there is none, or where
  /// rounding changed no value.
  var roundedSide: Rounding.Side? {
    guard mode == .numbers, isRounded, differingValues > 0, failure == nil else { return nil }
    return Rounding(a.dtype, b.dtype)?.side
  }
  var hasSameBits: Bool { mode == .bits && differingBits == 0 }

  /// The largest |a − b|; infinite where a NaN or an infinity is on one side alone. Nil where nothing was measured.
  public var largestError: Double? {
    guard isMeasured else { return nil }
    return errors.mismatches > 0 ? .infinity : errors.largest
  }

  /// The mean of (a − b)² over the pairs of finite numbers, both parts of a complex one together; nil where nothing was
  /// measured, and where there is no such pair but others.
  public var meanSquaredError: Double? {
    guard isMeasured else { return nil }
    if errors.pairs > 0 { return errors.noise / Double(errors.pairs) }
    return hasSameBits ? 0 : nil
  }

  /// 10·log10(Σa² / Σ(a − b)²) over the pairs of finite numbers: infinite where all are equal. Nil where nothing was
  /// measured, or the sums leave the range of doubles.
  public var signalToNoise: Double? {
    guard isMeasured else { return nil }
    guard errors.noise > 0 || errors.largest > 0 else { return .infinity }
    let ratio = errors.energyOfA / errors.noise
    return ratio.isNaN ? nil : 10 * log10(ratio)
  }

  /// Σa·b / √(Σa²·Σb²) over the pairs of finite numbers; 1 for the same bits. Nil where nothing was measured, one side is
  /// all zeros, or the sums leave the range of doubles.
  public var cosine: Double? {
    guard isMeasured else { return nil }
    if hasSameBits { return 1 }
    let cosine = errors.product / (errors.energyOfA.squareRoot() * errors.energyOfB.squareRoot())
    return cosine.isFinite ? max(-1, min(1, cosine)) : nil
  }
}
