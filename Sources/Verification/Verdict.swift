public import TensorModel

/// The outcome of comparing two tensors or two models, best first.
public enum Verdict: String, Comparable, Sendable {
  /// The same bits.
  case identical
  /// The same numbers, though not the same bits.
  case equal
  /// Other numbers, but no further apart than the tolerance allows.
  case withinTolerance = "within tolerance"
  case different

  private var rank: Int {
    switch self {
    case .identical: 0
    case .equal: 1
    case .withinTolerance: 2
    case .different: 3
    }
  }

  public static func < (left: Verdict, right: Verdict) -> Bool { left.rank < right.rank }
}

/// What a report says of one of the models that it is about.
public struct OperandSummary: Sendable {
  public var path: String
  public var format: String
  /// The digest of the content, where it was computed.
  public var digest: String?
  /// The digests of the model's files, where they were asked for.
  public var files: FileDigests?

  public init(path: String, format: String, digest: String? = nil) {
    self.path = path
    self.format = format
    self.digest = digest
  }
}

/// Why some bytes of a tensor could not be read, and from where.
public struct ReadFailure: Sendable {
  /// The path of the model.
  public var path: String
  public var error: ModelError

  public init(path: String, error: ModelError) {
    self.path = path
    self.error = error
  }

  /// The message and its place, without the path and the tensor that a report names anyway.
  func message(in tensor: String) -> String {
    var error = error
    error.context.removeAll { $0 == path || $0 == "tensor '\(tensor)'" }
    return error.description
  }
}
