import ArgumentParser
import Tare

extension ConvertCommand {
  func run() throws {
    let conversion = try Conversion(path: input, request)
    let progress = talk.progress("converting \(input)", totalBytes: conversion.files.byteCount)
    defer { progress.finish() }
    let clock = ContinuousClock()
    let start = clock.now
    let packedBytes = try write(conversion.files, progress)
    let seconds = (clock.now - start) / .seconds(1)
    progress.finish()
    let speed = byteText(Int(Double(conversion.files.byteCount) / max(seconds, 1e-9)))
    talk.detail("\(output): \(speed) a second, \(work.threadCount) threads")
    let report = ConversionText(conversion, input: input, output: output, packedBytes: packedBytes)
    try StandardOutput.shared.write(result.json ? report.json : report.line)
  }

  /// Writes the output; gives its size where it is packed.
  private func write(_ files: PackSource, _ progress: Progress) throws -> Int? {
    guard try container == .tare else {
      let options = FileWriter.Options(
        threads: work.threadCount, memory: work.memoryBytes, overwrite: overwriting.force)
      try FileWriter.write(files, to: output, options) { progress.advance(by: $0) }
      return nil
    }
    let file = try within(output) { () throws(ModelError) in
      try OutputFile(path: output, overwrite: overwriting.force)
    }
    let options = PackOptions(
      effort: Effort(level: (level ?? .standard).number), threads: work.threadCount, memory: work.memoryBytes)
    return try Packer.pack(files, into: file, options) { progress.advance(by: $0) }.packedBytes
  }
}

/// What a conversion did, in words and in JSON.
struct ConversionText {
  private let conversion: Conversion
  private let input: String
  private let output: String
  private let packedBytes: Int?

  init(_ conversion: Conversion, input: String, output: String, packedBytes: Int?) {
    self.conversion = conversion
    self.input = input
    self.output = output
    self.packedBytes = packedBytes
  }

  private var tensorCount: Int { conversion.model.catalog.tensors.count }

  var line: String {
    let size = byteText(conversion.files.byteCount)
    let packed = packedBytes.map { " packed into \(byteText($0))" } ?? ""
    return "\(output): \(tensorCount) tensor\(tensorCount == 1 ? "" : "s"), \(size)\(packed)\n"
  }

  var json: String {
    var json = JSONText()
    json.object { json in
      json.string("tare", toolVersion)
      json.string("path", input)
      json.string("output", output)
      json.integer("tensors", tensorCount)
      json.integer("bytes", conversion.files.byteCount)
      if let packedBytes { json.integer("packed_bytes", packedBytes) }
    }
    return json.text + "\n"
  }
}
