import Foundation
import Testing

/// Peak memory of every command on files whose one tensor is larger than the limit.
///
/// `TARE_BIG_TESTS=1` runs it on 20 GB of zeros and twice 2 GB of weights, which takes long in a debug build.
@Suite struct MemoryTests {
  @Test(.enabled(if: Program.python != nil, "scripts/make-venv makes the Python that this needs"))
  func noCommandHoldsATensor() throws {
    let python = try #require(Program.python)
    let folder = try TemporaryFolder()
    let isBig = ProcessInfo.processInfo.environment["TARE_BIG_TESTS"] == "1"
    let small = [
      "--dtype", "F64", "--sparse", "0.2", "--sparse-limit", "96", "--weights", "0.05", "--memory", "32", "--limit",
      "48",
    ]
    let script = Repository.path("Tests/Peers/check_memory.py")
    let result = try python.run([script, Program.tare.path, folder.path] + (isBig ? [] : small))
    #expect(result.exitCode == 0, "\(result.output)\(result.errors)")
    #expect(result.output.split(separator: "\n").count == 39)
  }
}
