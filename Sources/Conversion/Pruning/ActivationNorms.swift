public import Containers
import Kernels
import TensorModel

/// The norms ‖x‖ of the inputs that meet the weights, from a model of vectors: for each weight one, which has the weight's
/// name or that name followed by `.input_norm`, and one element for each column of the weight.
public final class ActivationNorms: Sendable {
  private let reader: any ContainerReader
  private let names: NameIndex
  /// Per number of `names`, the tensor.
  private let holders: [Int]

  public init(_ reader: any ContainerReader) {
    self.reader = reader
    var names = NameIndex()
    var holders: [Int] = []
    for (number, tensor) in reader.catalog.tensors.enumerated() where names.insert(tensor.info.name) == nil {
      holders.append(number)
    }
    self.names = names
    self.holders = holders
  }

  static let suffix = ".input_norm"

  /// The norms for each of `weights`; all are read once.
  /// - Throws: `malformed` where some have none, naming the first of these, where a vector isn't as long as rows are, and
  ///   for a norm that is negative or not finite.
  func norms(for weights: [(name: String, columns: Int)]) throws(ModelError) -> [TensorNorms] {
    let found = weights.map { (names[$0.name] ?? names[$0.name + Self.suffix]).map { holders[$0] } }
    let missing = zip(weights, found).filter { $1 == nil }.map(\.0.name)
    if let first = missing.first {
      let more = missing.count > 1 ? " and \(missing.count - 1) more" : ""
      throw ModelError(
        .malformed, "holds no norms for '\(first)'\(more)", hint: "--skip leaves weights alone"
      ).inside(reader.path)
    }
    let workspace = WeightWorkspace()
    var result: [TensorNorms] = []
    for (weight, number) in zip(weights, found) {
      guard let number else { continue }
      let norms = try TensorNorms(reader, number, columns: weight.columns)
      try norms.load(into: workspace)
      result.append(norms)
    }
    return result
  }
}

/// Where the norms of the inputs of one weight are.
struct TensorNorms: Sendable {
  private let reader: any ContainerReader
  private let tensor: Int
  private let type: WeightType

  fileprivate init(_ reader: any ContainerReader, _ tensor: Int, columns: Int) throws(ModelError) {
    let info = reader.catalog.tensors[tensor].info
    guard let type = WeightType(info.dtype), info.shape == [columns] else {
      throw ModelError(
        .malformed, "\(info.dtype.name) of shape \(info.shape), expected floats of shape [\(columns)]"
      ).inside("tensor '\(info.name)'").inside(reader.path)
    }
    self.reader = reader
    self.tensor = tensor
    self.type = type
  }

  /// Puts the norms into `workspace`, where they aren't there yet.
  /// - Throws: `malformed` for a norm that is negative or not finite.
  func load(into workspace: WeightWorkspace) throws(ModelError) {
    guard workspace.norms.tensor != tensor else { return }
    let info = reader.catalog.tensors[tensor].info
    let session = reader.makeSession()
    workspace.norms.tensor = -1
    workspace.norms.values = [Double](repeating: 0, count: info.elementCount)
    try within(reader.path) { () throws(ModelError) in
      try within("tensor '\(info.name)'") { () throws(ModelError) in
        let walk = TensorWalk(session: session, tensor: tensor, info: info, type: type)
        try walk.forEachPiece(isLast: true) { (bytes, elements) throws(ModelError) in
          type.widening.values(bytes, into: &workspace.norms.values, at: elements.lowerBound)
        }
        if let wrong = workspace.norms.values.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
          throw ModelError(
            .malformed, "norm \(wrong) is \(workspace.norms.values[wrong]), expected a finite number of 0 or more",
            at: reader.catalog.tensors[tensor].offset.map { $0 + wrong * type.width })
        }
      }
    }
    workspace.norms.tensor = tensor
  }
}
