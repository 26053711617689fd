import Foundation
import Glibc
import Testing

/// SIGKILL, which no program can answer: the old output stays, nothing else does, and the next run is none the wiser.
@Suite struct KillTests {
  private let tare = Program.tare
  private static let old = Array("what was there before".utf8)

  /// Whether files may be without a name here: without that, a part of one remains under a name that nothing else takes.
  private static func hasNamelessFiles(_ folder: TemporaryFolder) -> Bool {
    let descriptor = unsafe open(folder.path, 0o20_000_000 | O_DIRECTORY | O_WRONLY, 0o600)
    defer { close(descriptor) }
    return descriptor >= 0
  }

  @Test(arguments: [["pack", "m", "-o", "out"], ["unpack", "p.tare", "-o", "out"], ["cat", "m", "w", "-o", "out"]])
  func killedWhileItWritesLeavesTheOldOutput(arguments: [String]) throws {
    let folder = try TemporaryFolder.withLargeModel()
    if arguments[0] == "unpack" {
      #expect(try tare.run(["pack", "m", "-o", "p.tare", "--level", "1"], in: folder.path).exitCode == 0)
    }
    try folder.write(Self.old, to: "out")
    let names = folder.names
    let running = try tare.start(arguments + ["--force"], in: folder.path)
    #expect(running.waitForOutput(in: folder))
    running.send(signal: SIGKILL)
    #expect(running.wait().exitCode == nil)
    #expect(try folder.read("out") == Self.old)
    if Self.hasNamelessFiles(folder) { #expect(folder.names == names) }
    #expect(try tare.run(arguments + ["--force"], in: folder.path).exitCode == 0)
    #expect(try folder.read("out") != Self.old)
  }

  /// At whatever moment: there is the old output or the new one, whole.
  @Test func killedAtAnyMomentLeavesTheOldOutputOrTheNewOne() throws {
    let folder = try TemporaryFolder()
    let arguments = ["pack", Sample.demo, "-o", "out", "--force"]
    #expect(try tare.run(arguments, in: folder.path).exitCode == 0)
    let new = try folder.read("out")
    for microseconds in stride(from: 0, to: 60_000, by: 1500) {
      try folder.write(Self.old, to: "out")
      let running = try tare.start(arguments, in: folder.path)
      usleep(UInt32(microseconds))
      running.send(signal: SIGKILL)
      _ = running.wait()
      let content = try folder.read("out")
      #expect(content == Self.old || content == new, "after \(microseconds) µs")
    }
    #expect(try tare.run(arguments, in: folder.path).exitCode == 0)
    #expect(try folder.read("out") == new)
  }

  /// What is left of a folder has a name that no other run takes, and that packing leaves out.
  @Test func killedWhileItFillsAFolderIsNotInTheWay() throws {
    let folder = try TemporaryFolder.withLargeModel()
    try FileManager.default.createDirectory(atPath: folder.path("d"), withIntermediateDirectories: true)
    unsafe rename(folder.path("m"), folder.path("d/m.safetensors"))
    #expect(try tare.run(["pack", "d", "--level", "1"], in: folder.path).exitCode == 0)
    let running = try tare.start(["unpack", "d.tare", "-o", "back"], in: folder.path)
    #expect(running.waitForOutput(in: folder))
    running.send(signal: SIGKILL)
    _ = running.wait()
    #expect(!folder.names.contains("back"))
    #expect(try tare.run(["unpack", "d.tare", "-o", "back"], in: folder.path).exitCode == 0)
    #expect(try folder.read("back/m.safetensors") == folder.read("d/m.safetensors"))
    #expect(folder.names.allSatisfy { ["d", "d.tare", "back"].contains($0) || $0.hasSuffix(".partial") })
  }

  /// What killed runs have left is removed by a later one, but nothing that a running one may still fill.
  @Test func laterRunRemovesWhatKilledOnesLeft() throws {
    let folder = try TemporaryFolder()
    #expect(try tare.run(["pack", Sample.sharded, "-o", "d.tare"], in: folder.path).exitCode == 0)
    let kept = [".tare-2-young.partial", ".tare-3-locked.partial", "tare-4-other.partial", ".tare-5-file.partial"]
    for name in [".tare-1-old.partial"] + kept.dropLast() {
      try FileManager.default.createDirectory(atPath: folder.path(name + "/a/b"), withIntermediateDirectories: true)
      try folder.write([1], to: name + "/a/b/c")
      try FileManager.default.createSymbolicLink(atPath: folder.path(name + "/link"), withDestinationPath: folder.path)
      try Self.makeOld(folder.path(name))
    }
    try folder.write([1], to: kept[3])
    try folder.write([1], to: kept[0] + "/fresh")
    let lock = unsafe open(folder.path(kept[1]), O_RDONLY | O_DIRECTORY)
    defer { close(lock) }
    #expect(flock(lock, LOCK_EX) == 0)
    #expect(try tare.run(["unpack", "d.tare", "-o", "back"], in: folder.path).exitCode == 0)
    #expect(folder.names == (kept + ["back", "d.tare"]).sorted())
    #expect(try folder.read(kept[1] + "/a/b/c") == [1])
  }

  private static func makeOld(_ path: String) throws {
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -120)], ofItemAtPath: path)
  }
}
