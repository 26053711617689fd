import Glibc
import Tare

// Speeds of the pipelines as ratios to memcpy in the same run: see Benchmarks/README.md.

let arguments = CommandLine.arguments.dropFirst()
let folder = "/tmp/tare-bench-\(getpid())"
mkdir(folder, 0o700)
defer { rmdir(folder) }

func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

func ratio(_ bytes: Int, _ seconds: Double, _ memcpy: Double) -> String {
  let value = Int((Double(bytes) / seconds / memcpy * 1000).rounded())
  let digits = String(value % 1000)
  return "\(value / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
}

/// Measures one input file, warm: packing to nothing and unpacking to nothing, every checksum included.
func measure(_ path: String, name: String) throws {
  for level in [1, 3] {
    let packed = folder + "/packed.tare"
    defer { unlink(packed) }
    let source = try PackSource.open(path: path)
    _ = try Packer.pack(
      source, into: OutputFile(path: packed, overwrite: true), PackOptions(effort: Effort(level: level), threads: 2))
    let file = try PackedFile(path: packed)
    let memcpy = measureMemcpy()
    var line = padded(name, 20) + padded("level \(level)", 9)
    var packing: [Double] = []
    var unpacking: [Double] = []
    for threads in [1, 2] {
      packing.append(
        try best(of: 3) {
          let source = try PackSource.open(path: path)
          _ = try Packer.pack(source, into: NullOutput(), PackOptions(effort: Effort(level: level), threads: threads))
        })
      unpacking.append(
        try best(of: 3) {
          try Unpacker.unpack(file, into: NullOutput(), Unpacker.Options(threads: threads, maximumExpansion: .max))
        })
    }
    line += padded("\(Int(memcpy / 1e6))", 9)
    for times in [packing, unpacking] {
      line += padded(ratio(source.byteCount, times[0], memcpy), 9)
      line += padded(ratio(Int(times[0] * 1e9), times[1] * 1e9, 1), 9)
    }
    line += ratio(file.packedByteCount, Double(source.byteCount), 1)
    print(line)
    fflush(nil)
  }
}

print(
  padded("input", 20) + padded("", 9) + padded("memcpy", 9) + padded("pack", 9) + padded("2 thr.", 9)
    + padded("unpack", 9) + padded("2 thr.", 9) + "size")
print(
  padded("", 29) + padded("MB/s", 9) + padded("÷memcpy", 9) + padded("÷1 thr.", 9) + padded("÷memcpy", 9)
    + padded("÷1 thr.", 9) + "÷input")
do {
  if arguments.isEmpty {
    for kind in Weights.Kind.allCases {
      for sparsity in [0, 0.5, 0.75, 0.9] {
        let weights = Weights(kind: kind, sparsity: sparsity)
        let path = folder + "/model.safetensors"
        defer { unlink(path) }
        try weights.write(to: path, byteCount: 256 << 20)
        try measure(path, name: weights.name)
      }
    }
  } else {
    for path in arguments {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      try measure(path, name: name.replacing(".safetensors", with: ""))
    }
  }
} catch {
  print("failed: \(error)")
  exit(1)
}
