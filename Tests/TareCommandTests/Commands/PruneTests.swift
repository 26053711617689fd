import Foundation
import Testing

/// `tare convert --prune` as a user runs it.
@Suite struct PruneTests {
  private let tare = Program.tare

  static let specs = [
    "magnitude:0.5", "magnitude:0.913", "global:0.4", "global:0.77", "2:4", "1:4", "5:8", "block16x16:0.5",
    "block4x1:0.75", "rows:0.25", "wanda:0.5", "wanda:2:4",
  ]

  @Test(.enabled(if: Program.python != nil, "scripts/make-venv makes the Python that this needs"), arguments: specs)
  func everyMethodAgreesWithNumpyBitForBit(_ spec: String) throws {
    let python = try #require(Program.python)
    let script = Repository.path("Tests/Peers/check_pruning.py")
    let folder = try TemporaryFolder()
    let seed = UInt32.random(in: 0 ... .max)
    #expect(try python.run([script, "write", folder.path, String(seed)]).exitCode == 0)
    let norms = spec.hasPrefix("wanda") ? ["--activations", "norms.safetensors"] : []
    let pruned = try tare.run(
      ["convert", "model.safetensors", "out.safetensors", "--prune", spec] + norms, in: folder.path)
    #expect(pruned.exitCode == 0, "\(pruned.errors)")
    let checked = try python.run([script, "check", folder.path, "out.safetensors", spec])
    #expect(checked.exitCode == 0, "seed \(seed): \(checked.output)\(checked.errors)")
    #expect(checked.output == "24 tensors pruned with numpy, 0 disagreements\n")
  }

  @Test func theTableAndTheNotesSayWhatWasDone() throws {
    let folder = try TemporaryFolder()
    let arguments = ["convert", Sample.demo, "out.safetensors", "--prune", "magnitude:0.75"]
    let result = try tare.run(
      arguments + ["--tensor", "*embed*", "--tensor", "*layers.0*", "--verify"], in: folder.path)
    #expect(result.exitCode == 0)
    #expect(
      result.output == """
          tensor                                  dtype  shape   zeros before  zeros after  zeroed   error
          model.layers.0.self_attn.q_proj.weight  BF16   64×64        70.00 %      75.00 %     205  0.1345
          model.layers.0.self_attn.k_proj.weight  BF16   64×64        70.00 %      75.00 %     205  0.0941
          model.layers.0.self_attn.v_proj.weight  BF16   64×64        70.00 %      75.00 %     205  0.1182
          model.layers.0.self_attn.o_proj.weight  BF16   64×64        70.00 %      75.00 %     205  0.1364
          model.layers.0.mlp.gate_proj.weight     BF16   128×64       70.00 %      75.00 %     410  0.1142
          model.layers.0.mlp.up_proj.weight       BF16   128×64       50.00 %      75.00 %    2048  0.2422
          model.layers.0.mlp.down_proj.weight     BF16   64×128       89.99 %      89.99 %       0  0.0000
          7 tensors, magnitude:0.75                                   70.00 %      78.00 %    3278  0.1366
        out.safetensors: 11 tensors, 117 kB
        read back, identical: 11 tensors, same names, dtypes, shapes and bits

        """)
    #expect(
      result.errorLines == [
        "note: 1 tensor of no float type that is pruned is left alone: 'model.embed_positions.position_ids'",
        "note: 2 tensors of fewer than two dimensions are left alone, such as 'model.layers.0.input_layernorm.weight'",
        "note: 1 tensor named as embeddings is left alone: 'model.embed_tokens.weight'",
      ])
  }

  @Test func jsonHasTheCountsAndWhatWasLeftAlone() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(
      ["convert", Sample.demo, "out.safetensors", "--prune", "2:4", "--json", "--quiet", "--only", "*q_proj*"],
      in: folder.path)
    let json = try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: Any])
    let pruning = try #require(json["pruning"] as? [String: Any])
    #expect(
      pruning.keys.sorted() == [
        "elements", "left_alone", "method", "relative_error", "tensors", "zeroed", "zeros", "zeros_before",
      ])
    #expect(pruning["method"] as? String == "2:4")
    #expect(pruning["elements"] as? Int == 8192)
    let tensors = try #require(pruning["tensors"] as? [[String: Any]])
    #expect(
      tensors.map { $0["name"] as? String } == [0, 1].map { "model.layers.\($0).self_attn.q_proj.weight" })
    #expect((pruning["left_alone"] as? [[String: String]])?.count == 20)
    #expect(result.errors == "")
  }

  @Test func bytesAreTheSameForAnyNumberOfThreadsAndFromAPackedFile() throws {
    let folder = try TemporaryFolder()
    #expect(try tare.run(["pack", Sample.demo, "-o", "m.tare"], in: folder.path).exitCode == 0)
    for spec in ["magnitude:0.6", "global:0.6", "2:4", "block8x8:0.5", "rows:0.5"] {
      var outputs: [[UInt8]] = []
      for (input, threads) in [(Sample.demo, "1"), (Sample.demo, "3"), ("m.tare", "2")] {
        let result = try tare.run(
          ["convert", input, "out.safetensors", "--prune", spec, "--threads", threads, "--force", "--json"],
          in: folder.path)
        #expect(result.exitCode == 0, "\(result.errors)")
        outputs.append(try folder.read("out.safetensors"))
      }
      #expect(outputs[0] == outputs[1] && outputs[0] == outputs[2], "\(spec)")
    }
  }

  @Test func prunedAndCastModelsPackToWhatAPlainFileWouldHold() throws {
    let folder = try TemporaryFolder()
    let options = ["--prune", "global:0.8", "--dtype", "f16", "--rename", "model.*=m.*"]
    #expect(try tare.run(["convert", Sample.demo, "out.safetensors"] + options, in: folder.path).exitCode == 0)
    #expect(try tare.run(["convert", Sample.demo, "out.tare"] + options, in: folder.path).exitCode == 0)
    #expect(try tare.run(["unpack", "out.tare", "-o", "back"], in: folder.path).exitCode == 0)
    #expect(try folder.read("back") == folder.read("out.safetensors"))
  }

  @Test func aDryRunSaysWhatWouldGoAndWritesNothing() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(
      ["convert", Sample.demo, "out.safetensors", "--prune", "rows:0.5", "--dry-run", "--tensor", "*q_proj*"],
      in: folder.path)
    #expect(result.exitCode == 0)
    #expect(result.output.hasPrefix("  tensor   "))
    #expect(result.output.contains("2 tensors, rows:0.5"))
    #expect(folder.names == [])
  }

  @Test(
    arguments: [
      (["--prune", "half"], 64, "tare: the value 'half' is invalid for '--prune <how>': 'half' is no way to prune"),
      (["--prune", "wanda:0.5"], 64, "tare: --prune wanda:0.5 needs the norms of the inputs"),
      (["--prune", "2:4", "--activations", "x"], 64, "tare: --activations are for --prune wanda"),
      (["--prune", "2:4", "--only", "*position_ids"], 64, "tare: \(Sample.demo): no tensor is pruned"),
      (["--prune", "wanda:2:4", "--activations", "missing"], 66, "tare: missing: cannot be opened"),
      (
        ["--prune", "wanda:2:4", "--activations", Sample.low], 65,
        "tare: \(Sample.low): holds no norms for 'model.layers.0.self_attn.q_proj.weight' and 13 more"
      ),
    ] as [([String], Int32, String)])
  func mistakesAreOneLineAndLeaveNothingBehind(_ options: [String], _ code: Int32, _ message: String) throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(["convert", Sample.demo, "out.safetensors"] + options, in: folder.path)
    #expect(result.exitCode == code)
    #expect(result.errorLines.first?.hasPrefix(message) == true, "\(result.errors)")
    #expect(folder.names == [])
  }

  @Test func anOutputThatExistsStopsBeforeAnythingIsRead() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "out.safetensors")
    let result = try tare.run(["convert", "nothing", "out.safetensors", "--prune", "2:4"], in: folder.path)
    #expect(result.exitCode == 73)
    #expect(try folder.read("out.safetensors") == [1])
  }
}
