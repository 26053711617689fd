import ArgumentParser
import Tare

extension UnpackCommand {
  func run() throws {
    let base = try against.open()
    var results: [Result] = []
    for path in packed {
      let result = try unpack(path, base)
      results.append(result)
      if !self.result.json { try StandardOutput.shared.write(result.text) }
    }
    if result.json {
      var json = JSONText()
      json.object { json in
        json.string("tare", toolVersion)
        json.array("unpacked") { json in
          for result in results { result.write(to: &json) }
        }
      }
      try StandardOutput.shared.write(json.text + "\n")
    }
    if results.contains(where: { $0.salvage?.losses.isEmpty == false }) { throw ExitCode(1) }
  }

  private func unpack(_ path: String, _ base: BaseModel?) throws -> Result {
    let output = try output ?? PackedName.unpacked(path) + (salvage ? PackedName.salvagedSuffix : "")
    do {
      let file = try PackedFile(path: path, salvaging: salvage, base: base)
      if base != nil, file.baseName == nil { talk.note("\(path) needs no base") }
      return try unpack(file, path, to: output)
    } catch let error as ModelError {
      throw hinted(error, path)
    }
  }

  /// The error of a damaged file of which something can be brought back says how.
  private func hinted(_ error: ModelError, _ path: String) -> ModelError {
    guard !salvage, error.hint == nil, error.code == .malformed,
      (try? PackedFile(path: path, salvaging: true)) != nil
    else { return error }
    var error = error
    error.hint = "--salvage brings back what is whole"
    return error
  }

  private func unpack(_ file: PackedFile, _ path: String, to output: String) throws -> Result {
    let progress = talk.progress("unpacking \(path)", totalBytes: file.byteCount)
    defer { progress.finish() }
    let clock = ContinuousClock()
    let start = clock.now
    let options = Unpacker.Options(
      threads: work.threadCount, memory: work.memoryBytes, maximumExpansion: maxExpansion,
      overwrite: overwriting.force)
    var result = Result(
      path: path, output: output, byteCount: file.byteCount, canonicalZeros: file.canonicalZeros)
    if salvage {
      result.salvage = try Unpacker.salvage(file, to: output, options) { progress.advance(by: $0) }
    } else {
      try Unpacker.unpack(file, to: output, options) { progress.advance(by: $0) }
    }
    let seconds = (clock.now - start) / .seconds(1)
    talk.detail(
      "\(path): \(byteText(Int(Double(file.byteCount) / max(seconds, 1e-9)))) a second, \(options.threads) threads")
    return result
  }

  /// What came of one packed file.
  fileprivate struct Result {
    var path: String
    var output: String
    var byteCount: Int
    /// How many zeros were made positive when it was packed.
    var canonicalZeros: Int
    /// Nil where nothing but the original would do.
    var salvage: SalvageReport?
  }
}

extension UnpackCommand.Result {
  /// A line for each loss, then one for the output.
  fileprivate var text: String {
    let whole =
      "\(output): \(byteText(byteCount)), every checksum holds"
      + PackingText.canonicalZeros(canonicalZeros)
    guard let salvage else { return whole + "\n" }
    var lines = salvage.losses.map { "\(Self.place($0)): \(reason($0))" }
    lines += salvage.rebuiltHeaders.map {
      ($0.isEmpty ? "" : "\($0): ") + "the header is made anew from the index, without metadata"
    }
    if let failure = salvage.headerFailure {
      lines.append("the outer header of \(path), which costs nothing: \(failure.message)")
    }
    guard !salvage.losses.isEmpty else {
      return (lines + [whole + (canonicalZeros == 0 ? ": this is the original" : "")]).map {
        $0.escapedForDisplay + "\n"
      }.joined()
    }
    lines.append(
      "\(output): \(byteText(byteCount)), of which \(byteText(salvage.lostBytes)) are lost and zeros instead; "
        + "\(salvage.wholeTensorCount) of \(salvage.tensorCount) tensors are whole")
    return lines.map { $0.escapedForDisplay + "\n" }.joined()
  }

  private static func place(_ loss: Loss) -> String {
    let file = loss.file.isEmpty ? "" : "\(loss.file): "
    let bytes = "bytes \(loss.range.lowerBound) to \(loss.range.upperBound) are lost"
    return file + (loss.tensor.map { "\($0): " } ?? "") + (loss.range.isEmpty ? "damaged" : bytes)
  }

  /// What is wrong, without the names that stand in front of it.
  private func reason(_ loss: Loss) -> String {
    var error = loss.error
    error.context.removeAll { $0 == path || $0 == "tensor '\(loss.tensor ?? "")'" }
    return error.description
  }

  fileprivate func write(to json: inout JSONText) {
    json.object { json in
      json.string("path", path)
      json.string("output", output)
      json.integer("bytes", byteCount)
      if canonicalZeros > 0 { json.integer("canonical_zeros", canonicalZeros) }
      guard let salvage else { return }
      json.integer("lost_bytes", salvage.lostBytes)
      json.integer("tensors", salvage.tensorCount)
      json.integer("whole_tensors", salvage.wholeTensorCount)
      json.array("lost") { json in
        for loss in salvage.losses { write(loss, to: &json) }
      }
      json.array("rebuilt_headers") { json in for file in salvage.rebuiltHeaders { json.string(nil, file) } }
    }
  }

  private func write(_ loss: Loss, to json: inout JSONText) {
    json.object { json in
      if !loss.file.isEmpty { json.string("file", loss.file) }
      if let tensor = loss.tensor { json.string("tensor", tensor) }
      json.integer("from", loss.range.lowerBound)
      json.integer("to", loss.range.upperBound)
      json.string("error", reason(loss))
    }
  }
}
