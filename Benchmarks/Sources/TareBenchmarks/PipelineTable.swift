import Glibc
import Tare

/// Whole jobs, warm, without their command's start: packing to nothing, unpacking to nothing, inspecting, comparing a
/// model with its packed form, every checksum included; and models written anew, cast or pruned.
enum PipelineTable {
  private static let widths = [20, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]

  /// Models that are written anew, to a file.
  static func runConversions() throws {
    let widths = [24, 9, 9, 9, 12, 9]
    printRow(["conversions, ÷memcpy", "f32", "bf16", "f16", "magnitude", "2:4"], widths)
    for kind in Weights.Kind.allCases {
      let weights = Weights(kind: kind, sparsity: 0)
      let path = folder + "/model.safetensors"
      defer { unlink(path) }
      try weights.write(to: path, byteCount: 256 << 20)
      let memcpy = measureMemcpy()
      var cells = [weights.name]
      for dtype in [DType.f32, .bf16, .f16] {
        cells.append(try dtype == kind.dtype ? "-" : convert(path, memcpy) { $0.dtype = dtype })
      }
      for spec in ["magnitude:0.5", "2:4"] {
        let pruning = PruningRequest(try PruningSpec(spec), threads: 1)
        cells.append(try convert(path, memcpy) { $0.pruning = pruning })
      }
      printRow(cells, widths)
    }
  }

  private static func convert(
    _ path: String, _ memcpy: Double, _ change: (inout ConversionRequest) -> Void
  ) throws -> String {
    var request = ConversionRequest()
    change(&request)
    let target = folder + "/converted.safetensors"
    defer { unlink(target) }
    var byteCount = 0
    let seconds = try best(of: 3) {
      let conversion = try Conversion(path: path, request)
      try FileWriter.write(conversion.files, to: target, FileWriter.Options(threads: 1, overwrite: true))
      byteCount = conversion.source.byteCount
    }
    return decimal(Double(byteCount) / seconds / memcpy)
  }

  /// - Parameter files: safetensors files; made-up weights where there are none.
  static func run(files: [String] = []) throws {
    printRow(
      ["jobs", "", "memcpy", "pack", "2 thr.", "unpack", "2 thr.", "inspect", "2 thr.", "verify", "2 thr.", "size"],
      widths)
    printRow(["", "", "MB/s"] + (0..<4).flatMap { _ in ["÷memcpy", "÷1 thr."] } + ["÷input"], widths)
    for file in files {
      let name = file.split(separator: "/").last.map(String.init) ?? file
      try measure(file, name: name.replacing(".safetensors", with: ""))
    }
    guard files.isEmpty else { return }
    for kind in Weights.Kind.allCases {
      for sparsity in [0, 0.5, 0.75, 0.9] {
        let weights = Weights(kind: kind, sparsity: sparsity)
        let path = folder + "/model.safetensors"
        defer { unlink(path) }
        try weights.write(to: path, byteCount: 256 << 20)
        try measure(path, name: weights.name)
      }
    }
  }

  private static func measure(_ path: String, name: String) throws {
    for level in [1, 3] {
      let packed = folder + "/packed.tare"
      defer { unlink(packed) }
      let effort = Effort(level: level)
      let source = try PackSource.open(path: path)
      _ = try Packer.pack(
        source, into: OutputFile(path: packed, overwrite: true), PackOptions(effort: effort, threads: 2))
      let file = try PackedFile(path: packed)
      let memcpy = measureMemcpy()
      var cells = [name, "level \(level)", "\(Int(memcpy / 1e6))"]
      cells += try pair(source.byteCount, memcpy) { threads in
        _ = try Packer.pack(
          try PackSource.open(path: path), into: NullOutput(), PackOptions(effort: effort, threads: threads))
      }
      cells += try pair(source.byteCount, memcpy) { threads in
        try Unpacker.unpack(
          file, into: NullOutput(), Unpacker.Options(threads: threads, maximumExpansion: .max))
      }
      cells += try pair(source.byteCount, memcpy) { threads in
        var options = InspectionOptions()
        options.threads = threads
        _ = try ModelInspection.run(ContainerRegistry.open(path: path), options)
      }
      cells += try pair(source.byteCount, memcpy) { threads in
        var comparison = ModelComparison()
        comparison.threads = threads
        _ = try comparison.run(ContainerRegistry.open(path: path), ContainerRegistry.open(path: packed))
      }
      printRow(cells + [decimal(Double(file.packedByteCount) / Double(source.byteCount))], widths)
    }
  }

  /// One thread as a ratio to memcpy, two as a ratio to one.
  private static func pair(_ byteCount: Int, _ memcpy: Double, _ body: (Int) throws -> Void) throws -> [String] {
    let one = try best(of: 3) { try body(1) }
    let two = try best(of: 3) { try body(2) }
    return [decimal(Double(byteCount) / one / memcpy), decimal(one / two)]
  }
}
