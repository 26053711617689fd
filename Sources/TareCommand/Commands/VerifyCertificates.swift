import ArgumentParser
import Tare

/// The certificates of `tare verify`, and the digests that it says.
extension VerifyCommand {
  /// The certificate's file, created before any work is done; nil where none is asked for.
  func createCertificate() throws -> OutputFile? {
    guard let output else { return nil }
    return try within(output) { () throws(ModelError) in
      try OutputFile(path: output, overwrite: overwriting.force)
    }
  }

  /// Writes the certificate of one model that is intact.
  func certify(_ report: CheckReport, to output: OutputFile?) throws -> Certificate? {
    guard let output else { return nil }
    guard report.verdict == .intact else { return noCertificate() }
    let model = try ContainerRegistry.open(path: a, base: against.open())
    return try write(Certificate(tool: toolVersion, a: certified(model)), to: output)
  }

  /// Writes the certificate of a comparison, whatever came of it, unless something could not be read.
  func certify(
    _ report: ComparisonReport, _ first: any ContainerReader, _ second: any ContainerReader, to output: OutputFile?
  ) throws -> Certificate? {
    guard let output else { return nil }
    guard report.tensors.allSatisfy({ $0.failure == nil }) else { return noCertificate() }
    let comparison = Certificate.Comparison(
      verdict: report.verdict, tolerance: report.tolerance, renaming: rename, b: try certified(second))
    return try write(Certificate(tool: toolVersion, a: certified(first), comparison: comparison), to: output)
  }

  private func noCertificate() -> Certificate? {
    talk.note("no certificate is written of what cannot be read")
    return nil
  }

  private func write(_ certificate: Certificate, to output: OutputFile) throws -> Certificate {
    try within(output.path) { () throws(ModelError) in
      let text = Array(certificate.json().utf8)
      try output.write(text, at: 0)
      try output.finish()
    }
    talk.detail("\(output.path): \(certificate.a.values.tensors.count) tensors certified")
    return certificate
  }

  /// Holds the models against a certificate.
  func check(against path: String) throws -> Bool {
    let certificate = try Certificate(path: path)
    let base = try against.open()
    let models = try ([a] + (b.map { [$0] } ?? [])).map { path in
      (path: path, model: try certified(ContainerRegistry.open(path: path, base: base)))
    }
    let check = try CertificateCheck(certificate, path: path, models)
    let agrees = check.verdict == .identical
    let digests = sha256 ? check.findings.map { lines($0.files, at: $0.path) }.joined() : ""
    try say(
      check.json(version: toolVersion), digests + check.text(maxDifferences: maxDifferences ?? 10), agrees: agrees)
    return agrees
  }

  /// The digests of a model, as a certificate states them.
  private func certified(_ model: any ContainerReader) throws -> Certificate.Model {
    let files = try hashFiles(model)
    let progress = talk.progress("hashing the tensors of \(model.path)", totalBytes: model.catalog.byteCount)
    defer { progress.finish() }
    let values = try ValueDigests.of(model, threads: workers(model)) { progress.advance(by: $0) }
    return Certificate.Model(name: lastName(model.path), format: model.formatName, files: files, values: values)
  }

  /// The digests of a model's files, where they are asked for.
  func fileDigests(_ model: @autoclosure () throws -> any ContainerReader) throws -> FileDigests? {
    sha256 ? try hashFiles(model()) : nil
  }

  private func hashFiles(_ model: any ContainerReader) throws -> FileDigests {
    let progress = talk.progress("hashing \(model.path)", totalBytes: model.byteCount)
    defer { progress.finish() }
    return try FileDigests.of(model, threads: work.threadCount) { progress.advance(by: $0) }
  }

  /// A line for each file, as `sha256sum` prints them, where they are asked for.
  func digestLines(_ operands: [OperandSummary]) -> String {
    guard sha256 else { return "" }
    return operands.map { operand in operand.files.map { lines($0, at: operand.path) } ?? "" }.joined()
  }

  private func lines(_ digests: FileDigests, at path: String) -> String {
    digests.files.map { file in
      let place = digests.files.count == 1 ? path : "\(path): \(file.path)"
      return "\(file.sha256)  \(place)".escapedForDisplay + "\n"
    }.joined()
  }

  /// The name of a file or folder without the folders around it.
  private func lastName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
