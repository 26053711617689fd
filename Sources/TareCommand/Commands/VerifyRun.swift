import ArgumentParser
import Tare

extension VerifyCommand {
  func run() throws {
    let agrees: Bool
    if let certificate {
      agrees = try check(against: certificate)
    } else if let b {
      agrees = try compare(b)
    } else {
      agrees = try check()
    }
    if !agrees { throw ExitCode(1) }
  }

  private func compare(_ b: String) throws -> Bool {
    let base = try against.open()
    let first = try ContainerRegistry.open(path: a, base: base)
    let second = try ContainerRegistry.open(path: b, base: base)
    let output = try createCertificate()
    let progress = talk.progress("comparing", totalBytes: first.catalog.byteCount)
    defer { progress.finish() }
    var comparison = ModelComparison()
    comparison.tolerance = tolerance ?? .exact
    comparison.renaming = rename
    let filter = selection.filter
    comparison.includes = { filter.accepts($0) }
    comparison.threads = workers(first, second)
    comparison.progress = { done, _ in progress.set(done) }
    talk.detail("comparing on \(comparison.threads) threads")
    var report = try comparison.run(first, second)
    progress.finish()
    let certificate = try certify(report, first, second, to: output)
    report.a.files = try certificate?.a.files ?? fileDigests(first)
    report.b.files = try certificate?.comparison?.b.files ?? fileDigests(second)
    let agrees = report.verdict != .different
    try say(
      report.json(version: toolVersion),
      digestLines([report.a, report.b]) + report.text(maxDifferences: maxDifferences ?? 10), agrees: agrees)
    return agrees
  }

  private func check() throws -> Bool {
    talk.detail("checking \(a)")
    let output = try createCertificate()
    let isPacked = try ContainerRegistry.format(of: a) is PackedContainer
    var report = isPacked ? try checkPacked() : try checkPlain()
    let certificate = try certify(report, to: output)
    // What is damaged may be too broken to be opened again.
    if report.verdict == .intact {
      report.model.files =
        try certificate?.a.files ?? fileDigests(ContainerRegistry.open(path: a, base: against.open()))
    }
    try say(
      report.json(version: toolVersion), digestLines([report.model]) + report.text(), agrees: report.verdict == .intact)
    return report.verdict == .intact
  }

  /// How many workers the memory allows for models that are read together.
  func workers(_ models: any ContainerReader...) -> Int {
    let chunkBytes = models.map(\.largestChunkBytes).max() ?? 0
    return WorkerBudget.decoders(
      work.threadCount, memory: work.memoryBytes, chunkBytes: models.count * chunkBytes,
      base: models.compactMap { ($0 as? PackedModel)?.file.baseModel }.first)
  }

  /// Writes the report; in a text the verdict, the first word of the last line, has the color of good or bad news.
  func say(_ json: @autoclosure () -> String, _ text: @autoclosure () -> String, agrees: Bool) throws {
    guard !result.json else { return try StandardOutput.shared.write(json() + "\n") }
    var lines = text().split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    if let last = lines.popLast() {
      let verdict = String(last.prefix { $0 != ":" })
      lines.append((agrees ? color.style.green(verdict) : color.style.red(verdict)) + last.dropFirst(verdict.count))
    }
    try StandardOutput.shared.write(lines.map { $0 + "\n" }.joined())
  }

  /// A file that says that it is packed and is broken is damage, not an input that can't be read.
  private func checkPacked() throws -> CheckReport {
    let base = try against.open()
    do throws(ModelError) {
      let file = try PackedFile(path: a, base: base)
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
      return CheckReport(
        model: OperandSummary(path: a, format: try ContainerRegistry.format(of: a).name), failures: [error])
    }
    let progress = talk.progress("checking \(a)", totalBytes: model.catalog.byteCount + model.checksummedBytes)
    defer { progress.finish() }
    var check = ModelCheck()
    check.threads = workers(model)
    check.hash = ModelCheck.xxh3
    check.progress = { done, _ in progress.set(done) }
    return try check.run(model)
  }

  /// Whether the file at `path` says what it is, however broken it may be further on.
  private static func isRecognised(_ path: String) throws(ModelError) -> Bool {
    try within(path) { () throws(ModelError) in
      let map = try MappedFile(path: path)
      return try map.withBytes(0..<min(map.byteCount, ContainerRegistry.startBytes)) { start in
        ContainerRegistry.all.contains { $0.recognises(start) }
      }
    }
  }
}
