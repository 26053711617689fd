public import Kernels
public import TensorModel

/// What comparing two models found.
public struct ComparisonReport: Sendable {
  public var a: OperandSummary
  public var b: OperandSummary
  public var tolerance: Tolerance
  /// The tensors that both have, in the order of A.
  public var tensors: [TensorComparison] = []
  /// The labels of tensors that only one of them has, in file order.
  public var onlyInA: [String] = []
  public var onlyInB: [String] = []
  /// Pairs of metadata that are not the same in both, in the order of A, then of B. They do not touch the verdict: a model
  /// is the names, dtypes, shapes and elements of its tensors.
  public var metadataDifferences: [MetadataDifference] = []

  public init(a: OperandSummary, b: OperandSummary, tolerance: Tolerance) {
    self.a = a
    self.b = b
    self.tolerance = tolerance
  }

  /// The worst verdict of all tensors; `different` where one of the models has a tensor that the other lacks.
  public var verdict: Verdict {
    guard onlyInA.isEmpty && onlyInB.isEmpty else { return .different }
    return tensors.map(\.verdict).max() ?? .identical
  }
}

/// A key of the metadata whose value is not the same in both models; nil where a model lacks it.
public struct MetadataDifference: Hashable, Sendable {
  public var key: String
  public var a: String?
  public var b: String?
}

/// What comparing two tensors found.
public struct TensorComparison: Sendable {
  /// An element that differs.
  public struct Difference: Sendable {
    /// One index per dimension.
    public var index: [Int]
    public var a: ElementValue
    public var b: ElementValue
    /// The bits of both in hexadecimal, where the numbers look the same in print.
    public var bits: (a: String, b: String)?
  }

  /// The tensor in A and in B.
  public let a: TensorInfo
  public let b: TensorInfo
  /// The file that holds the tensor in A, where A has several.
  public let file: String?
  let tolerance: Tolerance
  /// Elements that differ in bits, and those of them that also differ as numbers.
  public internal(set) var differingBits = 0
  public internal(set) var differingValues = 0
  /// The first element, in row-major order, that differs under the tolerance.
  public internal(set) var first: Difference?
  /// Why bytes of the tensor could not be read; the first such place. The elements there are not counted as differing.
  public internal(set) var failure: ReadFailure?

  public var name: String { a.name }
  /// The name, led by the file where there are several: `FILE:NAME`.
  public var label: String { file.map { "\($0):\(a.name)" } ?? a.name }
  public var sameLayout: Bool { a.dtype == b.dtype && a.shape == b.shape }
  /// Elements that differ under the tolerance; nil where dtype or shape differ and none were compared.
  public var differing: Int? {
    guard sameLayout else { return nil }
    return tolerance == .exact ? differingBits : differingValues
  }

  public var verdict: Verdict {
    guard failure == nil, differing == 0 else { return .different }
    return differingBits == 0 ? .identical : .equal
  }

  init(a: TensorInfo, b: TensorInfo, file: String?, tolerance: Tolerance) {
    self.a = a
    self.b = b
    self.file = file
    self.tolerance = tolerance
  }
}
