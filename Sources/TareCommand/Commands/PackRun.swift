import ArgumentParser
import Tare

extension PackCommand {
  func run() throws {
    let base = try against.open()
    var document = JSONText()
    var failure: (any Error)?
    document.object { document in
      document.string("tare", toolVersion)
      document.array("packed") { document in
        for path in model {
          do {
            let output = output ?? PackedName.packed(path)
            let report = try pack(path, to: output, base)
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

  private func pack(_ path: String, to output: String, _ base: BaseModel?) throws -> PackReport {
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
      effort: Effort(level: level.number), threads: work.threadCount, memory: work.memoryBytes,
      canonicalizesZeros: canonicalZero, base: base)
    let report = try Packer.pack(source, into: file, options) { progress.advance(by: $0) }
    if let base, report.differences == 0 {
      talk.note("\(path) is stored without \(base.reader.path): no tensor is smaller as the difference from it")
    }
    let seconds = (clock.now - start) / .seconds(1)
    talk.detail(
      "\(path): \(byteText(Int(Double(report.byteCount) / max(seconds, 1e-9)))) a second, \(options.threads) threads")
    return report
  }
}

/// The names of packed files beside their originals.
enum PackedName {
  static let suffix = ".tare"
  /// What follows the name of an original of which parts may be missing.
  static let salvagedSuffix = ".salvaged"

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
      + "\(percent(report.packedBytes, of: report.byteCount)) of \(path)\(canonicalZeros(report.canonicalZeros))\n"
  }

  /// That zeros were changed, and how many; nothing where none was.
  static func canonicalZeros(_ count: Int) -> String {
    switch count {
    case 0: ""
    case 1: "; 1 zero that was −0 is +0"
    default: "; \(count) zeros that were −0 are +0"
    }
  }

  /// A line per tensor: what it became and why; then what the words for that mean.
  static func explanation(_ report: PackReport) -> String {
    var rows = [["tensor", "dtype", "shape", "size", "packed", "", "stored as", "because"]]
    for tensor in report.tensors {
      let info = tensor.info
      let packed =
        tensor.isLiteral
        ? ["", ""] : [byteText(tensor.packedBytes), percent(tensor.packedBytes, of: info.byteCount)]
      let size = [byteText(info.byteCount)] + packed
      let shape = info.shape.map(String.init).joined(separator: "×")
      rows.append([info.name.escapedForDisplay, info.dtype.name, shape] + size + outcome(tensor))
    }
    if report.otherBytes > 0 {
      let size = [
        byteText(report.otherBytes), byteText(report.otherPackedBytes),
        percent(report.otherPackedBytes, of: report.otherBytes),
      ]
      let literals = report.tensors.contains(where: \.isLiteral) ? "literals, " : ""
      rows.append([literals + "headers, other files", "", ""] + size + ["", ""])
    }
    return AlignedText.rows(rows, rightAligned: 3...5, indent: "  ") + legend(report)
  }

  /// What a tensor is stored as that is not made again.
  private static let literal = "literal"

  /// What a tensor is stored as, and why.
  private static func outcome(_ tensor: PackReport.Tensor) -> [String] {
    if let target = tensor.aliasOf { return ["duplicate", "same bytes as \(target.escapedForDisplay)"] }
    if tensor.isLiteral {
      return [literal, (tensor.reasons + ["\(byteText(tensor.packedBytes)) of the file"]).joined(separator: "; ")]
    }
    if tensor.info.byteCount == 0 { return ["", "empty"] }
    let choices = ranked(tensor.choices)
    let names = choices.map { choices.count > 1 ? "\($0.name) ×\($0.count)" : $0.name }
    return [names.joined(separator: ", "), tensor.reasons.joined(separator: "; ")]
  }

  /// A line for each encoding that was taken.
  private static func legend(_ report: PackReport) -> String {
    let taken = report.tensors.flatMap { $0.choices.keys.flatMap { $0.split(separator: "+").map(String.init) } }
    var rows = EncodingRegistry.all.filter { taken.contains($0.id) }.map { [$0.id, $0.summary] }
    if report.tensors.contains(where: \.isLiteral) {
      rows.append([literal, "bytes of the file, as they are: what is listed is read through them"])
    }
    return rows.isEmpty ? "" : "\n" + AlignedText.rows(rows, indent: "  ")
  }

  static func write(
    _ report: PackReport, of path: String, to output: String, tensors: Bool, _ json: inout JSONText
  ) {
    json.object { json in
      json.string("path", path)
      json.string("output", output)
      json.integer("bytes", report.byteCount)
      json.integer("packed_bytes", report.packedBytes)
      if report.canonicalZeros > 0 { json.integer("canonical_zeros", report.canonicalZeros) }
      guard tensors else { return }
      json.array("tensors") { json in
        for tensor in report.tensors {
          json.object { json in
            json.string("name", tensor.info.name)
            if !tensor.file.isEmpty { json.string("file", tensor.file) }
            json.integer("bytes", tensor.info.byteCount)
            json.integer("packed_bytes", tensor.packedBytes)
            if let target = tensor.aliasOf { json.string("alias_of", target) }
            if tensor.isLiteral { json.bool("literal", true) }
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
