import Foundation
import Testing

/// `tare convert` to GGUF as a user runs it, and gguf-py reading what it writes.
@Suite struct GGUFWritingTests {
  private let tare = Program.tare
  private static let python = Program.python
  private static let script = Repository.path("Tests/Peers/check_gguf.py")

  /// A folder with a model of every plain type that GGUF has.
  private func folder() throws -> (TemporaryFolder, seed: UInt32) {
    let folder = try TemporaryFolder()
    let seed = UInt32.random(in: 0 ... .max)
    let written = try #require(Self.python).run([Self.script, "write", folder.path, String(seed)])
    #expect(written.exitCode == 0, "\(written.errors)")
    return (folder, seed)
  }

  private func check(_ arguments: [String], in folder: TemporaryFolder) throws -> ProgramResult {
    try #require(Self.python).run([Self.script, "check"] + arguments, in: folder.path)
  }

  @Test(
    .enabled(if: Self.python != nil, "scripts/make-venv makes the Python that this needs"),
    arguments: ["none", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "tq1_0", "tq2_0", "mxfp4"])
  func everyTypeIsWhatTheReferenceMakes(type: String) throws {
    let (folder, seed) = try folder()
    let quantize = type == "none" ? [] : ["--quantize", type]
    let converted = try tare.run(["convert", "model.safetensors", "out.gguf"] + quantize, in: folder.path)
    #expect(converted.exitCode == 0, "\(converted.errors)")
    let checked = try check(["model.safetensors", type, "out.gguf"], in: folder)
    #expect(checked.output == "40 tensors, 0 disagreements\n", "seed \(seed): \(checked.errors)")
  }

  @Test(.enabled(if: Self.python != nil, "scripts/make-venv makes the Python that this needs"))
  func filesOfASplitModelAreNamedAndNumbered() throws {
    let (folder, seed) = try folder()
    let converted = try tare.run(
      ["convert", "model.safetensors", "split/", "--to", "gguf", "--shard", "20K"], in: folder.path)
    #expect(converted.exitCode == 0, "\(converted.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("split")).sorted()
    #expect(names.count > 1)
    let total = String(names.count)
    let count = String(repeating: "0", count: 5 - total.count) + total
    #expect(names.first == "model-00001-of-\(count).gguf")
    let checked = try check(["model.safetensors", "none"] + names.map { "split/\($0)" }, in: folder)
    #expect(checked.output == "40 tensors, 0 disagreements\n", "seed \(seed): \(checked.errors)")
  }

  @Test(.enabled(if: Self.python != nil, "scripts/make-venv makes the Python that this needs"))
  func bigEndianFilesHoldTheSameModel() throws {
    let (folder, seed) = try folder()
    let big = ["convert", "model.safetensors", "big.gguf", "--byte-order", "big", "--verify"]
    #expect(try tare.run(big, in: folder.path).exitCode == 0)
    let checked = try check(["model.safetensors", "none", "big.gguf"], in: folder)
    #expect(checked.output == "40 tensors, 0 disagreements\n", "seed \(seed): \(checked.errors)")
    // Blocks, whose scales are turned, come back as they were.
    for arguments in [
      ["model.safetensors", "little.gguf", "--quantize", "q5_1"],
      ["little.gguf", "big5.gguf", "--byte-order", "big", "--verify"], ["big5.gguf", "back.gguf"],
    ] {
      #expect(try tare.run(["convert"] + arguments, in: folder.path).exitCode == 0)
    }
    let files = FileManager.default
    #expect(files.contentsEqual(atPath: folder.path("little.gguf"), andPath: folder.path("back.gguf")))
    #expect(!files.contentsEqual(atPath: folder.path("little.gguf"), andPath: folder.path("big5.gguf")))
  }

  @Test(.enabled(if: Self.python != nil, "scripts/make-venv makes the Python that this needs"))
  func dequantisedNumbersAreThoseOfTheReference() throws {
    let (folder, seed) = try folder()
    for type in ["q4_1", "q6_k", "tq1_0", "mxfp4"] {
      #expect(
        try tare.run(
          ["convert", "model.safetensors", "\(type).gguf", "--quantize", type], in: folder.path
        ).exitCode == 0)
      #expect(
        try tare.run(
          ["convert", "\(type).gguf", "\(type).safetensors", "--dequantize", "--verify"], in: folder.path
        ).exitCode == 0)
      let checked = try #require(Self.python).run(
        [Self.script, "dequantized", "\(type).gguf", "\(type).safetensors"], in: folder.path)
      #expect(checked.output == "40 tensors, 0 disagreements\n", "seed \(seed): \(checked.errors)")
      let verified = try tare.run(
        ["verify", "\(type).gguf", "\(type).safetensors", "--tolerance", "value"], in: folder.path)
      #expect(verified.exitCode == 0, "\(verified.output)")
    }
  }

  @Test func notesSayWhatGGUFDoesToAModel() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(
      ["convert", Sample.demo, "out.gguf", "--quantize", "q4_k", "--only", "*mlp*"], in: folder.path)
    #expect(result.exitCode == 64)
    #expect(
      result.errors == """
        tare: \(Sample.demo): no tensor can be quantised to Q4_K: that takes F32, F16 or BF16 and rows of whole blocks

        """)
    #expect(folder.names == [])
    let blocks = try tare.run(
      ["convert", Sample.demo, "out.gguf", "--quantize", "q8_0", "--only", "*mlp*"], in: folder.path)
    #expect(blocks.exitCode == 0)
    #expect(
      blocks.errorLines == [
        "note: llama.cpp will not run out.gguf as it is: it wants its own names of tensors, and metadata such as general.architecture"
      ])
  }

  @Test func typesThatGGUFLacksAreRefusedByName() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(
      ["convert", Repository.path("testdata/safetensors/all_dtypes.safetensors"), "out.gguf"], in: folder.path)
    #expect(result.exitCode == 69)
    #expect(result.errors.contains("GGUF has no "))
    #expect(folder.names == [])
  }

  @Test func blocksDoNotFitIntoSafetensors() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(["convert", Sample.demo, "out.safetensors", "--quantize", "q8_0"], in: folder.path)
    #expect(result.exitCode == 69)
    #expect(result.errorLines.last == "hint: --dequantize writes its numbers as F32")
    #expect(folder.names == [])
  }
}
