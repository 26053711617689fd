import Foundation
import Testing

/// `--base`: models stored as the difference from another, by every command that has to do with them.
@Suite struct BaseCommandTests {
  private let tare = Program.tare

  /// A folder with the demo model `m`, `pruned` by magnitude, and `d.tare`, which is `pruned` as the difference from `m`.
  private func pruned() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Sample.demo, toPath: folder.path("m"))
    for arguments in [
      ["convert", "m", "pruned", "--to", "safetensors", "--prune", "magnitude:0.8"],
      ["pack", "pruned", "--base", "m", "-o", "d.tare"],
    ] {
      let result = try tare.run(arguments, in: folder.path)
      #expect(result.exitCode == 0, "\(result.errors)")
    }
    return folder
  }

  @Test func prunedVersionTakesNextToNothingAndComesBack() throws {
    let folder = try pruned()
    #expect(try folder.read("d.tare").count < 4000)
    let unpacked = try tare.run(["unpack", "d.tare", "--base", "m", "-o", "back"], in: folder.path)
    #expect(unpacked.exitCode == 0 && unpacked.errors == "")
    #expect(try folder.read("back") == folder.read("pruned"))
    let verified = try tare.run(["verify", "d.tare", "pruned", "--base", "m"], in: folder.path)
    #expect(verified.output == "identical: 22 tensors, same names, dtypes, shapes and bits\n")
    let alone = try tare.run(["verify", "d.tare", "--base", "m"], in: folder.path)
    #expect(alone.exitCode == 0 && alone.output.hasPrefix("intact: 22 tensors"))
  }

  @Test func explainSaysWhatATensorIsToTheBase() throws {
    let folder = try pruned()
    let lines = try tare.run(["pack", "pruned", "--base", "m", "-fo", "d.tare", "--explain"], in: folder.path).output
      .split(separator: "\n")
    func line(_ name: String) -> Substring { lines.first { $0.hasPrefix("  \(name) ") } ?? "" }
    #expect(line("lm_head.weight").contains("equal to the base"))
    #expect(line("model.layers.0.mlp.up_proj.weight").contains("sorted+gaps+delta     the base under a mask; "))
    #expect(lines.contains { $0.hasPrefix("  delta    the difference from another model") })
  }

  @Test func theBaseMayBePacked() throws {
    let folder = try pruned()
    for arguments in [
      ["pack", "m"], ["unpack", "d.tare", "--base", "m.tare", "-o", "back"],
      ["pack", "pruned", "--base", "m.tare", "-o", "e.tare"], ["unpack", "e.tare", "--base", "m", "-o", "again"],
    ] {
      let result = try tare.run(arguments, in: folder.path)
      #expect(result.exitCode == 0, "\(result.errors)")
    }
    #expect(try folder.read("back") == folder.read("pruned"))
    #expect(try folder.read("again") == folder.read("pruned"))
  }

  /// Many keep a model in one type and its versions in another.
  @Test(arguments: ["f32", "f16", "bf16"], ["f32", "f16", "bf16"])
  func aBaseOfAnotherTypeIsRounded(type: String, baseType: String) throws {
    let folder = try TemporaryFolder()
    for arguments in [
      ["convert", Sample.demo, "wide", "--to", "safetensors", "--dtype", "f32", "--prune", "magnitude:0.1"],
      ["convert", "wide", "base", "--to", "safetensors", "--dtype", baseType],
      ["convert", "base", "version", "--to", "safetensors", "--dtype", type, "--prune", "magnitude:0.7"],
      ["pack", "version", "--base", "base", "-o", "d.tare"], ["unpack", "d.tare", "--base", "base", "-o", "back"],
    ] {
      let result = try tare.run(arguments, in: folder.path)
      #expect(result.exitCode == 0, "\(arguments): \(result.errors)")
    }
    #expect(try folder.read("back") == folder.read("version"))
    #expect(try folder.read("d.tare").count < 5000)
  }

  @Test func foldersAreDifferencesFromFolders() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Sample.sharded, toPath: folder.path("base"))
    for arguments in [
      ["convert", "base", "half", "--to", "safetensors", "--shard", "1G", "--prune", "magnitude:0.5", "--only", "*"],
      ["pack", "half", "--base", "base", "-o", "d.tare"], ["unpack", "d.tare", "--base", "base", "-o", "back"],
      ["verify", "back", "half"], ["pack", "base", "-o", "base.tare"],
      ["verify", "d.tare", "half", "--base", "base.tare"],
    ] {
      let result = try tare.run(arguments, in: folder.path)
      #expect(result.exitCode == 0, "\(arguments): \(result.errors)")
    }
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path("half")) {
      #expect(try folder.read("half/\(file)") == folder.read("back/\(file)"))
    }
  }

  @Test func convertReadsAndWritesDifferences() throws {
    let folder = try pruned()
    for arguments in [
      ["convert", "d.tare", "back.safetensors", "--base", "m", "--verify"],
      ["convert", "m", "e.tare", "--base", "m", "--prune", "magnitude:0.8", "--verify"],
      ["verify", "e.tare", "back.safetensors", "--base", "m"],
      ["convert", "d.tare", "f.tare", "--base", "m", "--rename", "model.*=*"],
    ] {
      let result = try tare.run(arguments, in: folder.path)
      #expect(result.exitCode == 0, "\(arguments): \(result.errors)")
    }
    #expect(try folder.read("e.tare").count < 4000)
    let missing = try tare.run(["convert", "d.tare", "gone.safetensors"], in: folder.path)
    #expect(missing.exitCode == 66 && missing.errors.contains("which was not given"))
    #expect(!folder.names.contains("gone.safetensors"))
  }

  @Test func withoutTheBaseOnlyWhatNeedsItFails() throws {
    let folder = try pruned()
    let missing = "is stored as the difference from 'm', which was not given\nhint: --base names that model\n"
    let unpacked = try tare.run(["unpack", "d.tare", "-o", "back"], in: folder.path)
    #expect(unpacked.exitCode == 66 && unpacked.errors == "tare: d.tare: \(missing)")
    let inspected = try tare.run(["inspect", "d.tare"], in: folder.path)
    #expect(inspected.exitCode == 66 && inspected.errors.hasSuffix(missing))
    let written = try tare.run(["cat", "d.tare", "model.norm.weight", "--format", "text"], in: folder.path)
    #expect(written.exitCode == 66 && written.errors == "tare: d.tare: \(missing)")
    #expect(folder.names == ["d.tare", "m", "pruned"])

    let header = try tare.run(["inspect", "--header-only", "d.tare"], in: folder.path)
    #expect(header.exitCode == 0)
    #expect(header.output.contains("Stored as the difference from 'm'; --base names it to whatever reads the data."))
    let json = try tare.run(["inspect", "--header-only", "--json", "d.tare"], in: folder.path)
    #expect(json.output.contains("\"base\": \"m\""))
    let verified = try tare.run(["verify", "d.tare"], in: folder.path)
    #expect(verified.exitCode == 0)
    #expect(
      verified.output.hasPrefix(
        "22 tensors are differences from 'm', which was not given: stored bytes are checked, values with --base\n"
          + "intact: 22 tensors"))
  }

  @Test func storedBytesAreCheckedWithoutTheBase() throws {
    let folder = try pruned()
    let bytes = try folder.read("d.tare")
    let body = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
    for place in stride(from: body, to: bytes.count, by: 97) {
      var damaged = bytes
      damaged[place] ^= 1
      try folder.write(damaged, to: "d.tare")
      #expect(try tare.run(["verify", "d.tare"], in: folder.path).exitCode == 1, "byte \(place)")
    }
  }

  @Test func anotherBaseIsRefused() throws {
    let folder = try pruned()
    _ = try tare.run(["convert", "m", "other", "--to", "safetensors", "--quantize", "int8"], in: folder.path)
    let other = try tare.run(["unpack", "d.tare", "--base", "other", "-o", "back"], in: folder.path)
    #expect(other.exitCode == 65)
    #expect(other.errorLines.first?.contains(": other is not the base: its 'model.layers.") == true)
    #expect(other.errorLines.first?.hasSuffix("' holds other values than when this was packed") == true)
    #expect(other.errorLines.last == "hint: --base names the model that 'm' was")
    let verified = try tare.run(["verify", "d.tare", "--base", "other"], in: folder.path)
    #expect(verified.exitCode == 65 && verified.errors.contains("other is not the base"))
    let stranger = try tare.run(["unpack", "d.tare", "--base", Sample.names, "-o", "back"], in: folder.path)
    #expect(stranger.exitCode == 65 && stranger.errors.contains("is not the base: it has no tensor 'model."))
    let difference = try tare.run(["pack", "m", "--base", "d.tare"], in: folder.path)
    #expect(difference.exitCode == 64)
    #expect(
      difference.errors == """
        tare: d.tare: is itself stored as the difference from 'm', and so no base
        hint: tare unpack --base gives the model, which is one

        """)
    let gone = try tare.run(["unpack", "d.tare", "--base", "gone", "-o", "back"], in: folder.path)
    #expect(gone.exitCode == 66)
    #expect(folder.names == ["d.tare", "m", "other", "pruned"])
  }

  @Test func aBaseThatIsNotNeededIsSaidToBe() throws {
    let folder = try pruned()
    let packed = try tare.run(["pack", Sample.names, "--base", "m", "-o", "n.tare"], in: folder.path)
    #expect(packed.exitCode == 0)
    #expect(
      packed.errors == "note: \(Sample.names) is stored without m: no tensor is smaller as the difference from it\n")
    let unpacked = try tare.run(["unpack", "n.tare", "--base", "m", "-o", "n"], in: folder.path)
    #expect(unpacked.exitCode == 0 && unpacked.errors == "note: n.tare needs no base\n")
    #expect(try folder.read("n") == [UInt8](Data(contentsOf: URL(fileURLWithPath: Sample.names))))
  }

  @Test func anyNumberOfThreadsWritesTheSame() throws {
    let folder = try pruned()
    for threads in ["1", "4"] {
      let name = "d\(threads).tare"
      let arguments = ["pack", "pruned", "--base", "m", "-o", name, "--threads", threads, "--level", "9"]
      #expect(try tare.run(arguments, in: folder.path).exitCode == 0)
    }
    #expect(try folder.read("d1.tare") == folder.read("d4.tare"))
  }

  @Test func salvageBringsBackWhatNeedsNoBase() throws {
    let folder = try pruned()
    let result = try tare.run(["unpack", "d.tare", "--salvage", "-o", "part"], in: folder.path)
    #expect(result.exitCode == 1)
    #expect(result.output.contains("is stored as the difference from 'm', which was not given"))
    #expect(try folder.read("part").count == folder.read("pruned").count)
  }
}
