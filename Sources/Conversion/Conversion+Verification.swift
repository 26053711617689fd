import Packing
public import TensorModel
public import Verification

extension Conversion {
  /// Reads back what was written to `path`, and compares it bit for bit with the source under the layers.
  /// - Returns: what differs; nothing, unless something went wrong behind this program's back.
  /// - Throws: what opening the output throws.
  public func compare(
    with path: String, threads: Int, memory: Int = 512 << 20,
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(ModelError) -> ComparisonReport {
    var limits = Limits()
    // What this program wrote is believed.
    limits.expansion = .max
    let written = try ConversionSource.open(path: path, limits: limits, base: base).model
    var comparison = ModelComparison()
    comparison.threads = WorkerBudget.decoders(
      threads, memory: memory, chunkBytes: 2 * max(model.largestChunkBytes, written.largestChunkBytes))
    comparison.progress = progress
    let texts = envelope.map { [$0.texts] } ?? []
    let meant = DescribedModel(model, texts + files.files.compactMap(\.laidOutMetadata))
    return try comparison.run(meant, written)
  }
}
