import Foundation
import Testing

/// `tare convert` as a user runs it.
@Suite struct ConvertCommandTests {
  private let tare = Program.tare

  /// Two files, byte by byte.
  private func areEqual(_ a: String, _ b: String) -> Bool { FileManager.default.contentsEqual(atPath: a, andPath: b) }

  @Test func fileOfTheReferenceComesBackAsItIs() throws {
    let folder = try TemporaryFolder()
    for name in ["all_dtypes", "low_precision", "no_tensors"] {
      let path = Repository.path("testdata/safetensors/\(name).safetensors")
      #expect(try tare.run(["convert", path, "o.safetensors", "--force"], in: folder.path).exitCode == 0)
      #expect(areEqual(path, folder.path("o.safetensors")), "\(name)")
    }
  }

  /// Odd addresses, strange names, several keys of metadata, empty tensors.
  @Test func everyModelKeepsItsTensorsAndMetadata() throws {
    let folder = try TemporaryFolder()
    for name in ["misaligned", "names_and_metadata", "scalars_and_empties", "metadata_null", "sharded"] {
      let path = Repository.path("testdata/safetensors/\(name)" + (name == "sharded" ? "" : ".safetensors"))
      for output in ["o.safetensors", "p.tare", "\(name)/"] {
        let result = try tare.run(["convert", path, output, "--force", "--verify"], in: folder.path)
        #expect(result.exitCode == 0, "\(name) \(result.errors)")
        #expect(result.output.split(separator: "\n").last?.hasPrefix("read back, identical: ") == true)
      }
    }
  }

  @Test(arguments: [[], ["--dtype", "bf16"], ["--tensor", "*layers*", "--rename", "model.*=*"]])
  func packedOutputUnpacksToThePlainOne(options: [String]) throws {
    let folder = try TemporaryFolder()
    for arguments in [["o.safetensors"], ["o.tare", "--threads", "3"]] {
      #expect(try tare.run(["convert", Sample.demo] + arguments + options, in: folder.path).exitCode == 0)
    }
    #expect(try tare.run(["unpack", "o.tare", "-o", "back"], in: folder.path).exitCode == 0)
    #expect(areEqual(folder.path("o.safetensors"), folder.path("back")))
    // A packed input is as good as a plain one.
    #expect(try tare.run(["convert", "o.tare", "again.safetensors"], in: folder.path).exitCode == 0)
    #expect(areEqual(folder.path("o.safetensors"), folder.path("again.safetensors")))
  }

  @Test func shardsAreCutAndJoined() throws {
    let folder = try TemporaryFolder()
    let cut = try tare.run(["convert", Sample.demo, "cut", "--shard", "64K"], in: folder.path)
    #expect(cut.output == "cut: 22 tensors, 236 kB in 6 files\n")
    #expect(cut.errors == "")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("cut")).sorted()
        == (1...5).map { "model-0000\($0)-of-00005.safetensors" } + ["model.safetensors.index.json"])
    #expect(try tare.run(["verify", "cut", Sample.demo], in: folder.path).exitCode == 0)
    _ = try tare.run(["convert", Sample.demo, "one.safetensors"], in: folder.path)
    _ = try tare.run(["convert", "cut", "joined.safetensors"], in: folder.path)
    #expect(areEqual(folder.path("one.safetensors"), folder.path("joined.safetensors")))
  }

  /// What lies beside the model goes along, at any depth; old weights beside it do not, and no index comes back.
  @Test func folderGoesAlong() throws {
    let folder = try TemporaryFolder()
    _ = try tare.run(["convert", Sample.demo, "in", "--shard", "100K"], in: folder.path)
    try FileManager.default.createDirectory(atPath: folder.path("in/1_Pooling"), withIntermediateDirectories: false)
    try folder.write(Array("{}".utf8), to: "in/config.json")
    try folder.write(Array("{ }".utf8), to: "in/1_Pooling/config.json")
    try folder.write(Array("old".utf8), to: "in/old.safetensors")
    let notes = [
      "note: in: old.safetensors left out: no part of the model",
      "note: 1_Pooling/config.json, config.json go along as they are",
    ]
    let plain = try tare.run(["convert", "in", "out", "--dtype", "f16", "--verify"], in: folder.path)
    #expect(plain.errorLines == notes)
    #expect(
      plain.output
        == "out: 22 tensors, 235 kB in 6 files\nread back, identical: 22 tensors, same names, dtypes, shapes and bits\n"
    )
    #expect(
      try FileManager.default.subpathsOfDirectory(atPath: folder.path("out")).sorted() == [
        "1_Pooling", "1_Pooling/config.json", "config.json", "model-00001-of-00003.safetensors",
        "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json",
      ])
    let packed = try tare.run(["convert", "in", "out.tare", "--dtype", "f16"], in: folder.path)
    #expect(packed.errorLines == notes)
    _ = try tare.run(["unpack", "out.tare", "-o", "unpacked"], in: folder.path)
    // Out of a packed folder the same comes as out of the folder.
    _ = try tare.run(["convert", "out.tare", "again/"], in: folder.path)
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path("out")) {
      #expect(areEqual(folder.path("out/" + path), folder.path("unpacked/" + path)), "\(path)")
      #expect(areEqual(folder.path("out/" + path), folder.path("again/" + path)), "\(path)")
    }
    let file = try tare.run(["convert", "in", "o.safetensors"], in: folder.path)
    #expect(file.errorLines.last == "note: 1_Pooling/config.json, config.json stay behind: o.safetensors is one file")
  }

  @Test func shardThatLosesItsTensorsIsNotWritten() throws {
    let folder = try TemporaryFolder()
    _ = try tare.run(["convert", Sample.demo, "in", "--shard", "100K"], in: folder.path)
    let result = try tare.run(["convert", "in", "out", "--tensor", "lm_head*"], in: folder.path)
    #expect(result.output == "out: 1 tensor, 32.9 kB in 1 file\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("out")) == ["model.safetensors"])
  }

  @Test func dryRunSaysWhatWouldBeWrittenAndWritesNothing() throws {
    let folder = try TemporaryFolder()
    let arguments = [
      "convert", Sample.demo, "o/", "--tensor", "model.norm*", "--tensor", "*embed_pos*", "--shard", "1K", "--dtype",
      "bf16", "--rename", "model.*=*", "--dry-run",
    ]
    let result = try tare.run(arguments, in: folder.path)
    #expect(result.errors == "")
    #expect(
      result.output == """
        model-00001-of-00002.safetensors  1.15 kB
          embed_positions.position_ids  I64  1×128  1.02 kB  was model.embed_positions.position_ids
        model-00002-of-00002.safetensors  240 B
          norm.weight  BF16  64  128 B  was F32 model.norm.weight
        model.safetensors.index.json  195 B
        o/ would hold 2 tensors, 1.59 kB in 3 files

        """)
    #expect(folder.names == [])
    let json = try tare.run(arguments + ["--json"], in: folder.path)
    let document = try #require(JSONSerialization.jsonObject(with: Data(json.outputBytes)) as? [String: Any])
    #expect(document["dry_run"] as? Bool == true)
    let files = try #require(document["files"] as? [[String: Any]])
    #expect(files.map { $0["path"] as? String }.last == "model.safetensors.index.json")
    let tensor = try #require((files[1]["tensors"] as? [[String: Any]])?.first)
    #expect(tensor.keys.sorted() == ["bytes", "dtype", "name", "shape", "source_dtype", "source_name"])
    // The real run makes files of these sizes.
    _ = try tare.run(arguments.dropLast(), in: folder.path)
    for file in files {
      let path = folder.path("o/" + (file["path"] as? String ?? ""))
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int == file["bytes"] as? Int)
    }
    #expect(try tare.run(arguments, in: folder.path).exitCode == 73)
  }

  @Test func jsonIsTheResult() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(
      ["convert", Sample.demo, "o.tare", "--dtype", "f16", "--verify", "--json"], in: folder.path)
    let json = try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: Any])
    #expect(
      json.keys.sorted() == [
        "bytes", "cast", "files", "format", "output", "packed_bytes", "path", "tare", "tensors", "verified",
      ])
    #expect(json["verified"] as? String == "identical")
    #expect((json["cast"] as? [String: Any])?["tensors"] as? Int == 21)
  }

  /// One number of three overflows; it is counted once, though packing reads it more than once.
  @Test(arguments: [
    ("f16", "o.safetensors", "F16 became infinite"), ("f16", "o.tare", "F16 became infinite"),
    ("f8_e4m3", "o.safetensors", "F8_E4M3 became NaN, for the type has no infinity"),
  ])
  func overflowIsSaidOnce(dtype: String, output: String, words: String) throws {
    let folder = try TemporaryFolder()
    let header = #"{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#
    let numbers: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x7F, 0, 0, 0x90, 0x47]
    try folder.write(
      [UInt8(header.utf8.count)] + [UInt8](repeating: 0, count: 7) + Array(header.utf8) + numbers, to: "m")
    let result = try tare.run(["convert", "m", output, "--dtype", dtype, "--verify"], in: folder.path)
    #expect(result.errorLines == ["note: 1 number too large for \(words): in 1 tensor, the first 'w'"])
    #expect(try tare.run(["convert", "m", output, "--dtype", dtype, "-f", "--quiet"], in: folder.path).errors == "")
  }

  @Test func onlyAndSkipSayWhatIsTransformed() throws {
    let folder = try TemporaryFolder()
    let options = ["--dtype", "f64", "--only", "*norm*", "--skip", "model.norm*", "--dry-run", "--json"]
    let result = try tare.run(["convert", Sample.demo, "o.safetensors"] + options, in: folder.path)
    let json = try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: Any])
    let tensors = try #require((json["files"] as? [[String: Any]])?.first?["tensors"] as? [[String: Any]])
    let cast = tensors.filter { $0["source_dtype"] != nil }.compactMap { $0["name"] as? String }
    #expect(cast.count == 4 && cast.allSatisfy { $0.contains("layernorm") })
  }

  @Test(arguments: [
    (["m", "o.safetensors", "--tensor", "x*"], 64, "m: none of the 22 tensors is chosen"),
    (["m", "o.safetensors", "--rename", "x=y"], 64, "--rename 'x=y' fits no tensor"),
    (
      ["m", "o.safetensors", "--rename", "model.norm.weight=lm_head.weight"], 64,
      "tensors 'model.norm.weight' and 'lm_head.weight' would both be named 'lm_head.weight'"
    ),
    (
      ["m", "o.safetensors", "--rename", "lm_head.weight=__metadata__"], 69,
      "m: tensor '__metadata__': safetensors reserves the name"
    ),
    (
      ["m", "o.safetensors", "--dtype", "f4"], 69,
      "m: numbers can't be converted to F4; known: F64, F32, F16, BF16, F8_E4M3, F8_E5M2, F8_E4M3FNUZ, F8_E5M2FNUZ"
    ),
    (["m", "o"], 64, "o does not say what to write"), (["m", "o.npz"], 64, ".npz files are not written"),
    (["m", "o.safetensors", "--shard", "1M"], 64, "--shard writes a folder, but OUT is named as a file"),
    (["m", "o.safetensors", "--level", "3"], 64, "--level is for packed outputs, but OUT is none"),
    (["m", "o.safetensors", "--only", "x"], 64, "--only and --skip choose what is transformed, but nothing is"),
    (["m", "m", "--to", "safetensors"], 73, "m: exists already"), (["m", "d/"], 73, "d: exists already"),
    (["nothing", "o.tare"], 66, "nothing: cannot be opened: No such file or directory"),
    (["t", "o.tare"], 65, "t: a file of 4 bytes, expected at least 8 for the length of the header"),
    (["d", "o.tare"], 66, "d: holds no safetensors file"),
  ])
  func wrongRequestIsNamedAndNothingWritten(arguments: [String], exitCode: Int32, message: String) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Sample.demo, toPath: folder.path("m"))
    try FileManager.default.createDirectory(atPath: folder.path("d"), withIntermediateDirectories: false)
    try folder.write(Array("text".utf8), to: "t")
    let names = folder.names
    let result = try tare.run(["convert"] + arguments, in: folder.path)
    #expect(result.exitCode == exitCode)
    #expect(result.errorLines.first == "tare: " + message)
    #expect(result.output == "")
    #expect(folder.names == names)
  }

  @Test func outputMayReplaceItsInput() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Sample.demo, toPath: folder.path("m"))
    let arguments = ["convert", "m", "m", "--to", "safetensors", "--force"]
    #expect(try tare.run(arguments, in: folder.path).exitCode == 0)
    #expect(try tare.run(["verify", "m", Sample.demo], in: folder.path).exitCode == 0)
  }

  @Test func sameBytesWhateverTheThreadsTheMemoryAndTheInstructions() throws {
    let folder = try TemporaryFolder()
    for (number, options) in [["--threads", "1"], ["--threads", "5"], ["--memory", "32M"]].enumerated() {
      let arguments = ["convert", Sample.demo, "\(number).tare", "--dtype", "f8_e5m2"] + options
      let simd = ["portable", "avx2", "avx512"][number]
      #expect(try tare.run(arguments, environment: ["TARE_SIMD": simd], in: folder.path).exitCode == 0)
    }
    let files = try folder.names.map(folder.read)
    #expect(files.count == 3 && files.allSatisfy { $0 == files[0] })
  }

  /// Every pair of float types against numpy, ml_dtypes and a search for the nearest; whole files against safetensors.
  @Test(.enabled(if: Program.python != nil, "scripts/make-venv makes the Python that this needs"))
  func peersAgreeBitForBit() throws {
    let seed = String(UInt32.random(in: 0 ... .max))
    let check = try #require(Program.python).run([
      Repository.path("Tests/Peers/check_conversion.py"), tare.path, seed,
    ])
    #expect(check.exitCode == 0, "\(check.errors)")
    #expect(check.output == "seed \(seed), 0 disagreements\n")
  }
}
