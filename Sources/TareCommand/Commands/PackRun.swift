import ArgumentParser
import Tare

extension PackCommand {
  func run() throws {
    var document = JSONText()
    var failure: (any Error)?
    document.object { document in
      document.string("tare", toolVersion)
      document.array("packed") { document in
        for path in model {
          do {
            let output = output ?? PackedName.packed(path)
            let report = try pack(path, to: output)
            if result.json {
              PackingText.write(report, of: path, to: output, tensors: explain, &document)
            } else {
              try StandardOutput.shared.write(PackingText.line(report, of: path, to: output))
              if explain { try StandardOutput.shared.write(PackingText.explanation(report)) }
            }
          } catch {
            failure = error
            return
          }
        }
      }
    }
    if let failure { throw failure }
    if result.json { try StandardOutput.shared.write(document.text + "\n") }
  }

  private func pack(_ path: String, to output: String) throws -> PackReport {
    let source = try PackSource.open(path: path)
    for note in source.notes { talk.note("\(path): \(note)") }
    let file = try within(output) { () throws(ModelError) in
      try OutputFile(path: output, overwrite: overwriting.force)
    }
    let progress = talk.progress("packing \(path)", totalBytes: source.byteCount)
    defer { progress.finish() }
    let clock = ContinuousClock()
    let start = clock.now
    let options = PackOptions(
      effort: Effort(level: level), threads: work.threadCount, memory: work.memoryBytes)
    let report = try Packer.pack(source, into: file, options) { progress.advance(by: $0) }
    let seconds = (clock.now - start) / .seconds(1)
    talk.detail(
      "\(path): \(byteText(Int(Double(report.byteCount) / max(seconds, 1e-9)))) a second, \(options.threads) threads")
    return report
  }
}

/// The names of packed files beside their originals.
enum PackedName {
  static let suffix = ".tare"

  /// `MODEL.tare`; a folder's trailing slash is no part of its name.
  static func packed(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path + suffix
  }

  /// The name without `.tare`.
  /// - Throws: `UsageError` where it does not end so.
  static func unpacked(_ path: String) throws -> String {
    guard path.hasSuffix(suffix), path.count > suffix.count, !path.hasSuffix("/" + suffix) else {
      throw UsageError("\(path) does not end in .tare, so the name of the original is not known", hint: "-o names it")
    }
    return String(path.dropLast(suffix.count))
  }
}

/// What packing did, in words and in JSON.
enum PackingText {
  static func line(_ report: PackReport, of path: String, to output: String) -> String {
    "\(output): \(byteText(report.byteCount)) packed into \(byteText(report.packedBytes)), "
      + "\(percent(report.packedBytes, of: report.byteCount)) of \(path)\n"
  }

  /// A line per tensor: its share, what was chosen for how many chunks, and what a sample said of the candidates.
  static func explanation(_ report: PackReport) -> String {
    let width = min(report.tensors.map(\.info.name.count).max() ?? 0, 60)
    var text = ""
    for tensor in report.tensors {
      let name = tensor.info.name.escapedForDisplay
      text += "  " + name + String(repeating: " ", count: max(0, width - name.count))
      text += "  \(tensor.info.dtype.name) \(tensor.info.shape)  "
      if let target = tensor.aliasOf {
        text += "the same bytes as '\(target.escapedForDisplay)': stored once\n"
        continue
      }
      text += "\(percent(tensor.packedBytes, of: tensor.info.byteCount))  "
      text += ranked(tensor.choices).map { $0.count > 1 ? "\($0.name) ×\($0.count)" : $0.name }.joined(separator: ", ")
      if tensor.info.byteCount == 0 { text += "empty" }
      text += "\n"
      for reason in tensor.reasons { text += "    \(reason)\n" }
    }
    if report.otherBytes > 0 {
      text += "  headers and other files: \(byteText(report.otherBytes)) in \(byteText(report.otherPackedBytes))\n"
    }
    return text
  }

  static func write(
    _ report: PackReport, of path: String, to output: String, tensors: Bool, _ json: inout JSONText
  ) {
    json.object { json in
      json.string("path", path)
      json.string("output", output)
      json.integer("bytes", report.byteCount)
      json.integer("packed_bytes", report.packedBytes)
      guard tensors else { return }
      json.array("tensors") { json in
        for tensor in report.tensors {
          json.object { json in
            json.string("name", tensor.info.name)
            if !tensor.file.isEmpty { json.string("file", tensor.file) }
            json.integer("bytes", tensor.info.byteCount)
            json.integer("packed_bytes", tensor.packedBytes)
            if let target = tensor.aliasOf { json.string("alias_of", target) }
            json.object("encodings") { json in
              for choice in ranked(tensor.choices) { json.integer(choice.name, choice.count) }
            }
            json.array("reasons") { json in for reason in tensor.reasons { json.string(nil, reason) } }
          }
        }
      }
    }
  }

  private static func ranked(_ choices: [String: Int]) -> [(name: String, count: Int)] {
    choices.map { (name: $0.key, count: $0.value) }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }

  static func percent(_ part: Int, of whole: Int) -> String {
    whole == 0 ? "-" : decimal(100 * Double(part) / Double(whole), digits: 2) + " %"
  }
}
