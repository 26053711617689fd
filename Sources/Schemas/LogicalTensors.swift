public import Containers
import Packing
import Synchronization
public import TensorModel

/// The logical tensors of a model: those that a schema suggests and the data confirm.
public struct LogicalTensors: Sendable {
  /// In the order of their first parts.
  public let found: [LogicalTensor]
  /// Why others are none.
  public let refusals: [String]

  /// Looks for tensors by every schema; reads the parts by which they are told, in chunks.
  /// - Parameter accepts: which candidates are looked at.
  public init(
    in model: any ContainerReader, threads: Int = 1, accepts: (LogicalTensor) -> Bool = { _ in true }
  ) throws(ModelError) {
    let candidates = SchemaRegistry.all.flatMap { $0.candidates(in: model.catalog) }.filter(accepts)
      .sorted { $0.parts[0].tensor < $1.parts[0].tensor }
    let refusals = Mutex([String?](repeating: nil, count: candidates.count))
    try Pump.run(items: candidates.count, threads: threads) { () throws(ModelError) in
    } work: { (_, item) throws(ModelError) in
      let candidate = candidates[item]
      guard let schema = SchemaRegistry.named(candidate.schema) else { return }
      let refusal = try within("tensor '\(candidate.info.name)'") { () throws(ModelError) in
        try schema.refusal(of: candidate, in: model)
      }
      refusals.withLock { $0[item] = refusal }
    }
    let said = refusals.withLock { $0 }
    found = zip(candidates, said).filter { $1 == nil }.map { $0.0 }
    self.refusals = said.compactMap { $0 }
  }
}
