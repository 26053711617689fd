import Testing

/// `tare cat` as a user runs it.
@Suite struct CatCommandTests {
  private let tare = Program.tare

  @Test func textIsARowALine() throws {
    let result = try tare.run(
      ["cat", Sample.demo, "model.layers.0.mlp.down_proj.weight", "--format", "text", "--rows", "1:3"])
    #expect(result.exitCode == 0)
    let lines = result.output.split(separator: "\n")
    #expect(lines.map { $0.split(separator: " ").count } == [128, 128])
    #expect(try tare.run(["cat", Sample.empties, "scalar", "--format", "text"]).output == "3.5\n")
    #expect(try tare.run(["cat", Sample.empties, "empty.middle", "--format", "text"]).output == "")
  }

  @Test func rawIsWhatIsStoredAndNpyWidens() throws {
    let folder = try TemporaryFolder()
    _ = try tare.run(["pack", Sample.low, "-o", folder.path("p.tare")])
    for model in [Sample.low, folder.path("p.tare")] {
      let raw = try tare.run(["cat", model, "bfloat16", "--format", "raw", "--rows", "1:3"])
      #expect(raw.outputBytes == [0, 1, 0, 2])
      let npy = try tare.run(["cat", model, "bfloat16", "--rows", "1:3"]).outputBytes
      #expect(npy.starts(with: [0x93] + Array("NUMPY".utf8)))
      #expect(
        String(decoding: npy, as: UTF8.self).contains("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"))
      #expect(npy.suffix(8) == [0, 0, 0, 1, 0, 0, 0, 2])
      _ = try tare.run(["cat", model, "bfloat16", "--rows", ":2", "-o", "out.bin", "-f"], in: folder.path)
      #expect(try folder.read("out.bin") == [0, 0, 0, 1])
    }
    let again = try tare.run(["cat", Sample.low, "bfloat16", "-o", "out.bin"], in: folder.path)
    #expect(again.exitCode == 73)
    #expect(try folder.read("out.bin").count == 4)
  }

  @Test(arguments: [
    (["lm_head.weigh"], ["no tensor 'lm_head.weigh' among 22", "hint: near to it: 'lm_head.weight'"]),
    (
      ["model.norm.weight", "--rows", "60:99"], ["tensor 'model.norm.weight': rows 60:99, expected a range within 0:64"]
    ),
  ])
  func wrongRequestIsNamed(arguments: [String], lines: [String]) throws {
    let result = try tare.run(["cat", Sample.demo] + arguments)
    #expect(result.exitCode == 64)
    #expect(result.output == "")
    #expect(result.errorLines == ["tare: \(Sample.demo): \(lines[0])"] + lines.dropFirst())
  }

  @Test func terminalGetsNoBinary() throws {
    let result = try tare.run(["cat", Sample.demo, "model.norm.weight"], output: .terminal(columns: 80))
    #expect(result.exitCode == 64)
    #expect(result.errorLines.first == "tare: binary data for a terminal")
  }

  @Test func readerThatWentAwayEndsQuietly() throws {
    let result = try tare.run(["cat", Sample.demo, "lm_head.weight"], output: .pipeWithoutReader)
    #expect(result.exitCode == 141)
    #expect(result.errors == "")
    #expect(try tare.run(["cat", Sample.demo, "lm_head.weight"], output: .file("/dev/full")).exitCode == 74)
  }
}
