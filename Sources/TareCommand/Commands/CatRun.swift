import ArgumentParser
import Glibc
import Tare

extension CatCommand {
  func run() throws {
    let reader = try ContainerRegistry.open(path: model, base: against.open())
    let number = try within(model) { () throws(ModelError) in try reader.catalog.tensor(named: tensor) }
    let export = try within(model) { () throws(ModelError) in
      try TensorExport(reader, tensor: number, rows: rows, as: TensorExport.Format(rawValue: tensorFormat.rawValue)!)
    }
    guard let output else {
      if tensorFormat != .text, Terminal.isTerminal(STDOUT_FILENO) {
        throw UsageError("binary data for a terminal", hint: "-o names a file, --format text shows the numbers")
      }
      return try within(model) { () throws(ModelError) in try export.write(to: StandardSink()) }
    }
    let file = try within(output) { () throws(ModelError) in
      try OutputFile(path: output, overwrite: overwriting.force)
    }
    try within(model) { () throws(ModelError) in try export.write(to: FileSink(file)) }
    try within(output) { () throws(ModelError) in try file.finish() }
  }
}

/// Standard output as a sink.
private final class StandardSink: ByteSink {
  func write(_ bytes: RawSpan) throws(ModelError) { try StandardOutput.shared.write(bytes) }
}
