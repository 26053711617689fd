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
  /// Of those, the ones that the other has under another name, with the same dtype, shape and bits.
  public var renamed: [(a: String, b: String)] = []
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
  public var a: MetadataValue?
  public var b: MetadataValue?
}
