import Foundation
import Testing

/// `tare pack` and `tare unpack` as a user runs them. Sizes of packed files are left open: the encoder may get better.
@Suite struct PackCommandTests {
  private let tare = Program.tare

  @Test func packingSaysWhatItMadeAndUnpackingGivesItBack() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Sample.demo, toPath: folder.path("m.safetensors"))
    let packed = try tare.run(["pack", "m.safetensors"], in: folder.path)
    #expect(packed.exitCode == 0)
    #expect(packed.errors == "")
    let line = /m\.safetensors\.tare: 234 kB packed into [\d.]+ kB, [\d.]+ % of m\.safetensors\n/
    #expect(packed.output.wholeMatch(of: line) != nil)
    let unpacked = try tare.run(["unpack", "m.safetensors.tare", "-o", "back"], in: folder.path)
    #expect(unpacked.exitCode == 0)
    #expect(unpacked.output == "back: 234 kB, every checksum holds\n")
    #expect(try folder.read("back") == folder.read("m.safetensors"))
    #expect(folder.names == ["back", "m.safetensors", "m.safetensors.tare"])
  }

  @Test func shardedFolderComesBack() throws {
    let folder = try TemporaryFolder()
    #expect(try tare.run(["pack", Sample.sharded + "/", "-o", "s.tare"], in: folder.path).exitCode == 0)
    #expect(try tare.run(["unpack", "s.tare"], in: folder.path).output == "s: 1.14 kB, every checksum holds\n")
    let names = try FileManager.default.contentsOfDirectory(atPath: Sample.sharded)
    for name in names {
      #expect(FileManager.default.contentsEqual(atPath: Sample.sharded + "/" + name, andPath: folder.path("s/" + name)))
    }
    let again = try tare.run(["unpack", "s.tare", "--force"], in: folder.path)
    #expect(again.exitCode == 73)
    #expect(
      again.errorLines == [
        "tare: s: exists already", "hint: a folder is never overwritten",
      ])
  }

  @Test func jsonIsAllThereIsOnStandardOutput() throws {
    let folder = try TemporaryFolder()
    let hidden = folder.path("m/.cache")
    try FileManager.default.createDirectory(atPath: hidden, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Sample.demo, toPath: folder.path("m/model.safetensors"))
    let result = try tare.run(["pack", "m", "--json", "--explain", "--verbose"], in: folder.path)
    let json = try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: Any])
    let packed = try #require((json["packed"] as? [[String: Any]])?.first)
    #expect(json.keys.sorted() == ["packed", "tare"])
    #expect(packed.keys.sorted() == ["bytes", "output", "packed_bytes", "path", "tensors"])
    #expect(packed["bytes"] as? Int == 233_928)
    let tensors = try #require(packed["tensors"] as? [[String: Any]])
    #expect(tensors.last?["alias_of"] as? String == "model.embed_tokens.weight")
    #expect(result.errorLines.first == "note: m: '.cache/' is hidden and left out")
    #expect(result.errorLines.last?.hasSuffix(" threads") == true)
    let quiet = try tare.run(["pack", "m", "--json", "--quiet", "--force"], in: folder.path)
    #expect(quiet.errors == "")
    let back = try tare.run(["unpack", "m.tare", "--json", "-o", "b", "--verbose"], in: folder.path)
    #expect(
      back.output == """
        {
          "tare": "0.1.0",
          "unpacked": [
            {
              "path": "m.tare",
              "output": "b",
              "bytes": 233928
            }
          ]
        }

        """)
    #expect(back.errorLines.count == 1)
  }

  @Test func explanationIsOneLineForEachTensor() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(["pack", Sample.demo, "--explain", "-o", folder.path("x.tare")])
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let title = "dtype  shape      size   packed           stored as"
    #expect(lines[1].hasPrefix("  tensor" + String(repeating: " ", count: 42) + title))
    #expect(lines[2].contains(/^  model\.embed_tokens\.weight +BF16   256×64 +32\.8 kB +[\d.]+ kB +[\d.]+ %  \S+/))
    #expect(lines[5].contains("70.0 % zeros"))
    #expect(lines[23].contains(/^  lm_head\.weight .* 0 B   0\.00 %  duplicate +same bytes as model\.embed_tokens/))
    #expect(lines[24].hasPrefix("  headers, other files"))
    #expect(lines[25] == "")
    #expect(lines.dropFirst(26).contains { $0.hasPrefix("  bitmask  ") })
  }

  @Test func levelsTradeSizeForTime() throws {
    let folder = try TemporaryFolder()
    let sizes = try ["1", "9"].map { level in
      #expect(try tare.run(["pack", Sample.demo, "--level", level, "-o", folder.path(level)]).exitCode == 0)
      return try folder.read(level).count
    }
    #expect(sizes[1] < sizes[0])
  }

  @Test func sameBytesWhateverTheThreadsAndTheMemory() throws {
    let folder = try TemporaryFolder()
    for options in [["--threads", "1"], ["--threads", "7"], ["--memory", "32M"]] {
      _ = try tare.run(["pack", Sample.demo, "-o", folder.path(options.joined())] + options)
    }
    let files = try folder.names.map(folder.read)
    #expect(files.count == 3 && files.allSatisfy { $0 == files[0] })
  }

  @Test func expansionBeyondTheLimitNeedsConsent() throws {
    let folder = try TemporaryFolder()
    let header = #"{"w":{"dtype":"F64","shape":[9000000],"data_offsets":[0,72000000]}}"#
    try folder.write([UInt8(header.utf8.count)] + [UInt8](repeating: 0, count: 7) + Array(header.utf8), to: "z")
    unsafe truncate(folder.path("z"), off_t(8 + header.utf8.count + 72_000_000))
    #expect(try tare.run(["pack", "z"], in: folder.path).exitCode == 0)
    let refused = try tare.run(["unpack", "z.tare", "-o", "y"], in: folder.path)
    #expect(refused.exitCode == 65)
    #expect(refused.errorLines.last == "hint: --max-expansion allows more, if that is what you expect")
    #expect(folder.names == ["z", "z.tare"])
    #expect(try tare.run(["unpack", "z.tare", "-o", "y", "--max-expansion", "100000"], in: folder.path).exitCode == 0)
    let conversion = ["convert", "z.tare", "c.safetensors"]
    #expect(try tare.run(conversion, in: folder.path).exitCode == 65)
    #expect(try tare.run(conversion + ["--max-expansion", "100000", "--verify"], in: folder.path).exitCode == 0)
  }

  /// What exists stays, what can't be made leaves nothing, and `--force` replaces files only.
  @Test func outputIsNeverLost() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("mine".utf8), to: "x")
    try FileManager.default.createDirectory(atPath: folder.path("d"), withIntermediateDirectories: false)
    unsafe mkfifo(folder.path("pipe"), 0o600)
    let names = folder.names
    for (output, force, message) in [
      ("x", false, "x: exists already"), ("d", false, "d: exists already"), ("d", true, "d: is a folder"),
      ("pipe", true, "pipe: is not a regular file"),
      ("nowhere/x", false, "nowhere/x: cannot be created: No such file or directory"),
    ] {
      let result = try tare.run(["pack", Sample.demo, "-o", output] + (force ? ["-f"] : []), in: folder.path)
      #expect(result.exitCode == 73)
      #expect(result.errorLines.first == "tare: " + message)
      #expect(folder.names == names)
    }
    #expect(try folder.read("x") == Array("mine".utf8))
    #expect(try tare.run(["pack", Sample.demo, "-o", "x", "-f"], in: folder.path).exitCode == 0)
    #expect(try tare.run(["verify", "x", Sample.demo], in: folder.path).exitCode == 0)
  }

  /// The map of the input outlives its name.
  @Test func outputMayReplaceItsInput() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Sample.demo, toPath: folder.path("m"))
    unsafe chmod(folder.path("m"), 0o444)
    #expect(try tare.run(["pack", "m", "-o", "m"], in: folder.path).exitCode == 73)
    #expect(try tare.run(["pack", "m", "-o", "m", "--force"], in: folder.path).exitCode == 0)
    #expect(try tare.run(["unpack", "m", "-o", "m", "--force"], in: folder.path).exitCode == 0)
    #expect(FileManager.default.contentsEqual(atPath: Sample.demo, andPath: folder.path("m")))
  }

  @Test(arguments: [
    (["pack", "nothing"], 66, "nothing: cannot be opened: No such file or directory"),
    (["unpack", "nothing.tare"], 66, "nothing.tare: cannot be opened: No such file or directory"),
    (["unpack", "t.tare"], 65, "t.tare: is no packed file"),
    (["unpack", "t"], 64, "t does not end in .tare, so the name of the original is not known"),
    (["pack", "t"], 65, "t: a file of 4 bytes, expected at least 8 for the length of the header"),
  ])
  func wrongInputIsNamed(arguments: [String], exitCode: Int32, message: String) throws {
    let folder = try TemporaryFolder()
    for name in ["t", "t.tare"] { try folder.write(Array("text".utf8), to: name) }
    let result = try tare.run(arguments, in: folder.path)
    #expect(result.exitCode == exitCode)
    #expect(result.errorLines.first == "tare: " + message)
    #expect(result.output == "")
    #expect(folder.names == ["t", "t.tare"])
  }
}
