import Foundation
import Testing

/// A shell whose mounts are seen by nobody else, which needs root.
private enum PrivateMounts {
  static let areAllowed = (try? run("mount -t tmpfs tmpfs .", [], in: TemporaryFolder()))?.exitCode == 0

  /// Runs `script`, in which `"$0" "$@"` is the tool with `arguments`.
  static func run(_ script: String, _ arguments: [String], in folder: TemporaryFolder) throws -> ProgramResult {
    let command = #"exec unshare --mount --propagation private /bin/sh -c "$0" "$@""#
    return try Program(path: "/bin/sh").run(["-c", command, script, Program.tare.path] + arguments, in: folder.path)
  }
}

/// File systems that are full or may not be written to.
@Suite(.enabled(if: PrivateMounts.areAllowed)) struct MountTests {
  /// What remains is listed behind the content of the old output.
  @Test(arguments: [
    (["pack", "m"], "writing failed: No space left on device"),
    (["unpack", "p.tare"], "needs 67108940 bytes, the disk has "),
    (["cat", "m", "w", "--format", "raw"], "writing failed: No space left on device"),
  ])
  func fullDiskLeavesTheOldOutput(arguments: [String], complaint: String) throws {
    let folder = try TemporaryFolder.withLargeModel()
    if arguments[0] == "unpack" {
      #expect(try Program.tare.run(["pack", "m", "-o", "p.tare", "--level", "1"], in: folder.path).exitCode == 0)
    }
    try FileManager.default.createDirectory(atPath: folder.path("disk"), withIntermediateDirectories: true)
    let script = """
      mount -t tmpfs -o size=1m tmpfs disk && printf old >disk/out && "$0" "$@" -o disk/out --force
      code=$?; cat disk/out; ls -A disk; exit $code
      """
    let result = try PrivateMounts.run(script, arguments, in: folder)
    #expect(result.exitCode == 74)
    #expect(result.output == "oldout\n")
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("disk/out: \(complaint)"), "\(result.errors)")
  }

  @Test(arguments: [["pack", Sample.demo], ["cat", Sample.demo, "model.norm.weight"]])
  func folderThatMayOnlyBeReadIsAnError(arguments: [String]) throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("old".utf8), to: "out")
    let script = """
      mount --bind . . && mount -o remount,bind,ro . && cd . && cd "$PWD" && "$0" "$@" -o out --force
      code=$?; cat out; ls -A; exit $code
      """
    let result = try PrivateMounts.run(script, arguments, in: folder)
    #expect(result.exitCode == 73)
    #expect(result.output == "oldout\n")
    #expect(result.errors == "tare: out: cannot be created: Read-only file system\n")
  }
}
