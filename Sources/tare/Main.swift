import ArgumentParser
import ByteStore
import Encodings
import Packing
import TensorModel

@main
struct TareCommand: ParsableCommand {
  @Argument var verb: String
  @Argument var input: String
  @Argument var output: String
  @Option var threads = 2
  @Option var level = 3
  func run() throws {
    FaultGuard.install()
    let clock = ContinuousClock()
    if verb == "pack" {
      let start = clock.now
      let source = try PackSource.open(path: input)
      let out = try OutputFile(path: output, overwrite: true)
      let report = try Packer.pack(source, into: out, PackOptions(effort: Effort(level: level), threads: threads))
      let t = clock.now - start
      print(report.byteCount, report.packedBytes, Double(report.packedBytes) / Double(report.byteCount), t)
      if verb == "pack", level == 0 {
        for t in report.tensors { print(t.info.name, t.info.dtype.name, t.packedBytes, t.choices, t.sampled) }
      }
    } else {
      let start = clock.now
      let packed = try PackedFile(path: input)
      try Unpacker.unpack(packed, to: output, .init(threads: threads, maximumExpansion: 1 << 40, overwrite: true))
      print(clock.now - start)
    }
  }
}
