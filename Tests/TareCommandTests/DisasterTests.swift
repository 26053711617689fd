import Foundation
import Glibc
import Testing

/// What interrupts a run: signals, shrinking files, full disks. The exit code says what it was and nothing is left behind.
@Suite struct DisasterTests {
  private let tare = Program.tare

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
  func signalLeavesNothingBehind(signal: Int32, exitCode: Int32) throws {
    let folder = try TemporaryFolder.withLargeModel()
    let packing = try tare.start(["pack", "m", "--level", "9", "--threads", "1"], in: folder.path)
    #expect(packing.waitForOutput(in: folder))
    packing.send(signal: signal)
    let result = packing.wait()
    #expect(result.exitCode == exitCode)
    #expect(result.output == "")
    #expect(folder.names == ["m"])
  }

  /// As under `nohup`, or in the background of a script.
  @Test func ignoredSignalStaysIgnored() throws {
    let folder = try TemporaryFolder.withLargeModel()
    let script = #"trap '' HUP INT; exec "$0" pack m --threads 1"#
    let packing = try Program(path: "/bin/sh").start(["-c", script, tare.path], in: folder.path)
    #expect(packing.waitForOutput(in: folder))
    packing.send(signal: SIGHUP)
    packing.send(signal: SIGINT)
    #expect(packing.wait().exitCode == 0)
    #expect(folder.names == ["m", "m.tare"])
  }

  @Test func interruptedFolderIsRemovedWhole() throws {
    let folder = try TemporaryFolder.withLargeModel()
    try FileManager.default.createDirectory(atPath: folder.path("d/e"), withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: folder.path("m"), toPath: folder.path("d/e/m.safetensors"))
    // Copies cost little to pack, and their time to unpack.
    for copy in 1...7 {
      try FileManager.default.linkItem(
        atPath: folder.path("d/e/m.safetensors"), toPath: folder.path("d/e/m\(copy).safetensors"))
    }
    #expect(try tare.run(["pack", "d", "--level", "1"], in: folder.path).exitCode == 0)
    // On a machine that is busy elsewhere unpacking may be over before the signal comes; then it is tried again.
    for attempt in 1...10 {
      let unpacking = try tare.start(["unpack", "d.tare", "-o", "back", "--threads", "1"], in: folder.path)
      for _ in 0..<10_000 where !folder.names.contains(where: { $0.hasSuffix(".partial") }) { usleep(500) }
      unpacking.send(signal: SIGINT)
      let exitCode = unpacking.wait().exitCode
      guard exitCode == 0, attempt < 10 else {
        #expect(exitCode == 130)
        break
      }
      try FileManager.default.removeItem(atPath: folder.path("back"))
    }
    #expect(folder.names == ["d", "d.tare"])
  }

  @Test func interruptedConversionLeavesNeitherFileNorFolder() throws {
    for output in ["o.safetensors", "o/"] {
      let folder = try TemporaryFolder.withLargeModel()
      let arguments = ["convert", "m", output, "--dtype", "f8_e4m3", "--threads", "1"]
      let converting = try tare.start(arguments, in: folder.path)
      #expect(converting.waitForOutput(in: folder))
      converting.send(signal: SIGINT)
      #expect(converting.wait().exitCode == 130)
      #expect(folder.names == ["m"])
    }
  }

  @Test func fileThatShrinksIsNamed() throws {
    let folder = try TemporaryFolder.withLargeModel()
    let packing = try tare.start(["pack", "m", "--level", "9", "--threads", "1"], in: folder.path)
    #expect(packing.waitForOutput(in: folder))
    unsafe truncate(folder.path("m"), 4096)
    let result = packing.wait()
    #expect(result.exitCode == 74)
    #expect(result.errorLines == ["tare: m: could not be read to its end: the file shrank or its disk failed"])
    #expect(folder.names == ["m"])
  }

  /// A limit on the size of files stands in for a full disk; the signal that comes with it is ignored, as shells can.
  @Test(arguments: [
    ["pack", "m"], ["unpack", "p.tare", "-o", "back"], ["cat", "m", "w", "-o", "w.npy"],
    ["convert", "m", "o.safetensors", "--dtype", "bf16"], ["convert", "m", "o/", "--dtype", "f32"],
    ["convert", "m", "o.tare", "--dtype", "f32"],
  ])
  func fullDiskIsAnError(arguments: [String]) throws {
    let folder = try TemporaryFolder.withLargeModel()
    if arguments[0] == "unpack" {
      #expect(try tare.run(["pack", "m", "-o", "p.tare", "--level", "1"], in: folder.path).exitCode == 0)
    }
    let names = folder.names
    let shell = Program(path: "/bin/sh")
    let script = #"trap '' XFSZ; ulimit -f 2048; exec "$0" "$@""#
    let result = try shell.run(["-c", script, tare.path] + arguments, in: folder.path)
    #expect(result.exitCode == 74)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.hasSuffix("writing failed: File too large\n"))
    #expect(folder.names == names)
  }

  /// Such a model would be a mixture of what it was and what it is.
  @Test func fileThatIsWrittenToIsAnError() throws {
    let folder = try TemporaryFolder.withLargeModel()
    let packing = try tare.start(["pack", "m", "--threads", "1"], in: folder.path)
    try expectThatAWriteIsNoticed(by: packing, in: folder)
  }

  @Test(arguments: ["o.safetensors", "o/"])
  func fileThatIsWrittenToIsNotConverted(output: String) throws {
    let folder = try TemporaryFolder.withLargeModel()
    let converting = try tare.start(["convert", "m", output, "--dtype", "f64", "--threads", "1"], in: folder.path)
    try expectThatAWriteIsNoticed(by: converting, in: folder)
  }

  /// Writes to the model while `reading` reads it.
  private func expectThatAWriteIsNoticed(by reading: RunningProgram, in folder: TemporaryFolder) throws {
    #expect(reading.waitForOutput(in: folder))
    let model = try #require(FileHandle(forUpdatingAtPath: folder.path("m")))
    try model.seek(toOffset: 1 << 20)
    try model.write(contentsOf: Data([1]))
    let result = reading.wait()
    #expect((result.exitCode, result.output) == (74, ""))
    #expect(result.errorLines == ["tare: m: changed while it was read"])
    #expect(folder.names == ["m"])
  }

  /// The bytes that were opened stay where they are; another file of their name is another file.
  @Test func fileThatIsReplacedIsPackedAsItWas() throws {
    let folder = try TemporaryFolder.withLargeModel()
    let old = try folder.read("m")
    let packing = try tare.start(["pack", "m", "--level", "1", "--threads", "1"], in: folder.path)
    #expect(packing.waitForOutput(in: folder))
    try folder.write([1], to: "other")
    unsafe rename(folder.path("other"), folder.path("m"))
    #expect(packing.wait().exitCode == 0)
    #expect(try tare.run(["unpack", "m.tare", "-o", "back"], in: folder.path).exitCode == 0)
    #expect(try folder.read("back") == old)
  }

  /// What came to the output's name while it was made is not replaced unasked.
  @Test func outputThatAppearsMeanwhileStays() throws {
    let folder = try TemporaryFolder.withLargeModel()
    let packing = try tare.start(["pack", "m", "--level", "1", "--threads", "1"], in: folder.path)
    #expect(packing.waitForOutput(in: folder))
    try folder.write(Array("theirs".utf8), to: "m.tare")
    let result = packing.wait()
    #expect(result.exitCode == 73)
    #expect(result.errorLines.first == "tare: m.tare: exists already")
    #expect(try folder.read("m.tare") == Array("theirs".utf8))
    #expect(folder.names == ["m", "m.tare"])
  }

  @Test func fileLimitAloneIsNoCrash() throws {
    let folder = try TemporaryFolder.withLargeModel()
    let script = #"ulimit -c 0; ulimit -f 2048; exec "$0" "$@""#
    let result = try Program(path: "/bin/sh").run(["-c", script, tare.path, "pack", "m"], in: folder.path)
    #expect(result.exitCode == 74)
    #expect(folder.names == ["m"])
  }

  @Test func folderThatTakesNothingIsAnError() throws {
    // Root may write anywhere but here.
    let result = try tare.run(["pack", Sample.demo, "-o", "/proc/x.tare"])
    #expect(result.exitCode == 73)
    #expect(result.errorLines.first?.hasPrefix("tare: /proc/x.tare: cannot be created: ") == true)
    guard geteuid() != 0 else { return }
    let folder = try TemporaryFolder()
    unsafe chmod(folder.path, 0o500)
    #expect(try tare.run(["pack", Sample.demo, "-o", folder.path("x.tare")]).exitCode == 73)
  }

  /// The output is whole before anything is said of it, so it stays.
  @Test func closedOutputLosesNoFile() throws {
    let folder = try TemporaryFolder()
    let arguments = ["pack", Sample.demo, "-o", folder.path("x.tare"), "-f"]
    #expect(try tare.run(arguments, output: .closed).exitCode == 74)
    #expect(try tare.run(["verify", folder.path("x.tare"), Sample.demo]).exitCode == 0)
    #expect(try tare.run(arguments, output: .pipeWithoutReader).exitCode == 141)
    #expect(folder.names == ["x.tare"])
  }
}
