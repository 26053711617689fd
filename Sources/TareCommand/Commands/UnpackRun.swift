import ArgumentParser
import Tare

extension UnpackCommand {
  func run() throws {
    var written: [(path: String, output: String, byteCount: Int)] = []
    for path in packed {
      let output = try output ?? PackedName.unpacked(path)
      let file = try PackedFile(path: path)
      let progress = talk.progress("unpacking \(path)", totalBytes: file.byteCount)
      defer { progress.finish() }
      let clock = ContinuousClock()
      let start = clock.now
      let options = Unpacker.Options(
        threads: work.threadCount, memory: work.memoryBytes, maximumExpansion: maxExpansion,
        overwrite: overwriting.force)
      try Unpacker.unpack(file, to: output, options) { progress.advance(by: $0) }
      let seconds = (clock.now - start) / .seconds(1)
      talk.detail(
        "\(path): \(byteText(Int(Double(file.byteCount) / max(seconds, 1e-9)))) a second, \(options.threads) threads")
      written.append((path, output, file.byteCount))
      if !result.json {
        try StandardOutput.shared.write("\(output): \(byteText(file.byteCount)), every checksum holds\n")
      }
    }
    guard result.json else { return }
    var json = JSONText()
    json.object { json in
      json.string("tare", toolVersion)
      json.array("unpacked") { json in
        for item in written {
          json.object { json in
            json.string("path", item.path)
            json.string("output", item.output)
            json.integer("bytes", item.byteCount)
          }
        }
      }
    }
    try StandardOutput.shared.write(json.text + "\n")
  }
}
