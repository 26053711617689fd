public import Packing
public import TensorModel

/// Checks a packed file from end to end and reports tensor by tensor.
public enum PackedFileCheck {
  /// Proves every checksum, decodes every chunk, and goes on behind whatever is damaged.
  /// - Parameter progress: is told of dense bytes done, from any thread.
  public static func run(
    _ file: PackedFile, threads: Int, memory: Int, progress: @Sendable (Int) -> Void = { _ in }
  ) throws(ModelError) -> CheckReport {
    let findings = try PackedCheck.run(file, threads: threads, memory: memory, progress: progress)
    let tensors = findings.compactMap { finding in
      finding.tensor.map {
        CheckReport.Tensor(
          name: $0, file: finding.file.isEmpty ? nil : finding.file, elements: finding.elements,
          failure: finding.failure, lacksBase: finding.lacksBase)
      }
    }
    return CheckReport(
      model: OperandSummary(file), tensors: tensors,
      failures: findings.filter { $0.tensor == nil }.compactMap(\.failure).map { $0.inside(file.path) },
      byteCount: file.byteCount)
  }
}
