import Containers
import Packing
import TensorModel

/// One worker that looks at tensors before their chunks are read.
final class TensorSurveyor {
  private let session: any TensorSession
  /// Knows how chunks are stored, where the model is packed already.
  private let packed: (any PackedCatalog)?
  private let estimator: any PackedSizeEstimator

  init(_ reader: any ContainerReader, _ estimator: any PackedSizeEstimator) {
    session = reader.makeSession()
    packed = reader as? any PackedCatalog
    self.estimator = estimator
  }

  /// What packing would see; of a packed tensor, whether the grid is still there that it was stored with.
  func survey(_ part: InspectionPlan.Part) throws(ModelError) -> TensorSurvey {
    var window = 0..<part.info.byteCount
    if let packed {
      guard try packed.encodings(of: part.tensor).keys.contains(where: Self.isSpecial) else { return TensorSurvey() }
      // Each chunk must be decoded to be looked at.
      window = part.grid.bytes(ofChunk: part.grid.count / 2)
    }
    let survey = try estimator.survey(part.info, in: window) { (range, body) throws(ModelError) in
      try session.withBytes(of: part.tensor, range, body)
    }
    session.release(of: part.tensor, window)
    return survey
  }

  private static func isSpecial(_ encoding: String) -> Bool {
    encoding == "alias" || encoding.hasSuffix("grid") || encoding.hasSuffix("palette")
  }
}
