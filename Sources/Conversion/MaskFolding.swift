import Containers
public import Schemas
import TensorModel

/// Weights with a mask beside them, read as their products.
public struct MaskFolding: Sendable {
  public let tensors: [LogicalTensor]
  /// Why what looks like a mask is none.
  public let refusals: [String]
  let model: LogicalModel

  /// Reads the masks of `source`.
  /// - Throws: `usage` where there are none.
  init(_ source: any ContainerReader) throws(ModelError) {
    let schema = PruningMaskSchema().name
    let logical = try within(source.path) { () throws(ModelError) in
      try LogicalTensors(in: source) { $0.schema == schema }
    }
    guard !logical.found.isEmpty else {
      throw ModelError(
        .usage, logical.refusals.first ?? "holds no weights X_orig with masks X_mask of the same shape beside them"
      ).inside(source.path)
    }
    tensors = logical.found
    refusals = logical.refusals
    model = LogicalModel(source, logical.found)
  }
}
