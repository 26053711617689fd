import Containers
import Packing
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
  /// How many −0 were made +0 when it was packed.
  public var canonicalZeros = 0
  /// What the base was called that it was packed against; nil where it needs none.
  public var base: String?

  public init(path: String, format: String, digest: String? = nil) {
    self.path = path
    self.format = format
    self.digest = digest
  }

  init(_ model: any ContainerReader) {
    self.init(path: model.path, format: model.formatName)
    let packed = model as? any PackedCatalog
    canonicalZeros = packed?.canonicalZeros ?? 0
    base = packed?.baseName
  }

  init(_ file: PackedFile) {
    self.init(path: file.path, format: "tare", digest: file.digest)
    canonicalZeros = file.canonicalZeros
    base = file.baseName
  }

  /// What a reader must know of a model that was changed when it was packed.
  var note: String? {
    guard canonicalZeros > 0 else { return nil }
    let were = canonicalZeros == 1 ? "1 zero that was −0 is +0" : "\(canonicalZeros) zeros that were −0 are +0"
    return "note: \(path) was packed with --canonical-zero: \(were)"
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
