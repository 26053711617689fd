import Glibc
import Tare

// Speeds as ratios to memcpy in the same run: see Benchmarks/README.md.

let arguments = CommandLine.arguments.dropFirst()
let folder = "/tmp/tare-bench-\(getpid())"
mkdir(folder, 0o700)
defer { rmdir(folder) }

do {
  if arguments.first == "kernels" {
    KernelTable.run()
  } else if arguments.first == "conversions" {
    try PipelineTable.runConversions()
  } else if arguments.isEmpty {
    KernelTable.run()
    print("")
    try PipelineTable.run()
    print("")
    try PipelineTable.runConversions()
  } else {
    try PipelineTable.run(files: Array(arguments))
  }
} catch {
  print("failed: \(error)")
  exit(1)
}
