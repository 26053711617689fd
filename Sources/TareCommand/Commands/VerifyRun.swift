import ArgumentParser
import Tare

extension VerifyCommand {
  func run() throws {
    let agrees: Bool
    if let b { agrees = try compare(b) } else { agrees = try check() }
    if !agrees { throw ExitCode(1) }
  }

  private func compare(_ b: String) throws -> Bool {
    let first = try ContainerRegistry.open(path: a)
    let second = try ContainerRegistry.open(path: b)
    let progress = talk.progress("comparing", totalBytes: first.catalog.byteCount)
    defer { progress.finish() }
    var comparison = ModelComparison()
    comparison.tolerance = tolerance == .value ? .value : .exact
    comparison.threads = WorkerBudget.decoders(
      work.threadCount, memory: work.memoryBytes, chunkBytes: 2 * max(first.largestChunkBytes, second.largestChunkBytes)
    )
    comparison.progress = { done, _ in progress.set(done) }
    talk.detail("comparing on \(comparison.threads) threads")
    let report = try comparison.run(first, second)
    progress.finish()
    try StandardOutput.shared.write(
      result.json ? report.json(version: toolVersion) + "\n" : report.text(maxDifferences: maxDifferences ?? 10))
    return report.verdict != .different
  }

  private func check() throws -> Bool {
    let report: CheckReport
    if try ContainerRegistry.format(of: a) is PackedContainer {
      report = try checkPacked()
    } else {
      report = try checkPlain()
    }
    try StandardOutput.shared.write(result.json ? report.json(version: toolVersion) + "\n" : report.text())
    return report.verdict == .intact
  }

  /// A file that says that it is packed and is broken is damage, not an input that can't be read.
  private func checkPacked() throws -> CheckReport {
    do throws(ModelError) {
      let file = try PackedFile(path: a)
      let progress = talk.progress("checking \(a)", totalBytes: file.byteCount)
      defer { progress.finish() }
      let report = try PackedFileCheck.run(file, threads: work.threadCount, memory: work.memoryBytes) {
        progress.advance(by: $0)
      }
      return report
    } catch {
      guard error.code == .malformed else { throw error }
      return CheckReport(model: OperandSummary(path: a, format: "tare"), failures: [error])
    }
  }

  private func checkPlain() throws -> CheckReport {
    let model: any ContainerReader
    do throws(ModelError) {
      model = try ContainerRegistry.open(path: a)
    } catch {
      guard error.code == .malformed, try Self.isRecognised(a) else { throw error }
      return CheckReport(model: OperandSummary(path: a, format: "safetensors"), failures: [error])
    }
    let progress = talk.progress("checking \(a)", totalBytes: model.catalog.byteCount)
    defer { progress.finish() }
    var check = ModelCheck()
    check.threads = WorkerBudget.decoders(
      work.threadCount, memory: work.memoryBytes, chunkBytes: model.largestChunkBytes)
    check.hash = ModelCheck.xxh64
    check.progress = { done, _ in progress.set(done) }
    return try check.run(model)
  }

  /// Whether the file at `path` says what it is, however broken it may be further on.
  private static func isRecognised(_ path: String) throws(ModelError) -> Bool {
    try within(path) { () throws(ModelError) in
      let map = try MappedFile(path: path)
      return try map.withBytes(0..<min(map.byteCount, 4096)) { start in
        ContainerRegistry.all.contains { $0.recognises(start) }
      }
    }
  }
}
