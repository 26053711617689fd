import Foundation
import Testing

/// `tare convert --quantize` as a user runs it.
@Suite struct QuantizeTests {
  private let tare = Program.tare

  static let specs = [
    "int8", "int8:tensor:asym", "int4", "int4:g32:asym", "int4:g128:bf16", "int4:asym:f16:g16", "int3:row", "int2:g32",
    "int2:asym", "int5:block8x16", "ternary", "ternary:row", "ternary:g64:bf16", "palette2", "palette7", "palette16",
    "palette256", "nf4", "nf4:g32:bf16", "nf4:tensor", "mxfp4", "fp8", "fp8:tensor", "fp8:block128x128",
    "fp8:block8x40:f16",
  ]

  @Test(.enabled(if: Program.python != nil, "scripts/make-venv makes the Python that this needs"), arguments: specs)
  func everyMethodAgreesWithNumpyBitForBit(_ spec: String) throws {
    let python = try #require(Program.python)
    let script = Repository.path("Tests/Peers/check_quantization.py")
    let folder = try TemporaryFolder()
    let seed = UInt32.random(in: 0 ... .max)
    #expect(try python.run([script, "write", folder.path, String(seed)]).exitCode == 0)
    let quantised = try tare.run(
      ["convert", "model.safetensors", "out.safetensors", "--quantize", spec, "--only", "*"], in: folder.path)
    #expect(quantised.exitCode == 0, "\(quantised.errors)")
    let checked = try python.run([script, "check", folder.path, "out.safetensors", spec])
    #expect(checked.exitCode == 0, "seed \(seed): \(checked.output)\(checked.errors)")
    #expect(checked.output == "39 tensors quantised with numpy, 0 disagreements\n")
  }

  @Test func theTableAndTheNotesSayWhatWasDone() throws {
    let folder = try TemporaryFolder()
    let arguments = ["convert", Sample.demo, "out.safetensors", "--quantize", "int4:g32"]
    let result = try tare.run(
      arguments + ["--tensor", "*embed*", "--tensor", "*layers.0*", "--verify"], in: folder.path)
    #expect(result.exitCode == 0)
    #expect(
      result.output == """
          tensor                                  dtype  shape   zeros before  zeros after   error      SQNR
          model.layers.0.self_attn.q_proj.weight  BF16   64×64        70.00 %      70.09 %  0.0930  20.63 dB
          model.layers.0.self_attn.k_proj.weight  BF16   64×64        70.00 %      70.12 %  0.0916  20.76 dB
          model.layers.0.self_attn.v_proj.weight  BF16   64×64        70.00 %      70.17 %  0.0944  20.50 dB
          model.layers.0.self_attn.o_proj.weight  BF16   64×64        70.00 %      70.02 %  0.0826  21.66 dB
          model.layers.0.mlp.gate_proj.weight     BF16   128×64       70.00 %      70.15 %  0.0866  21.25 dB
          model.layers.0.mlp.up_proj.weight       BF16   128×64       50.00 %      50.06 %  0.0741  22.61 dB
          model.layers.0.mlp.down_proj.weight     BF16   64×128       89.99 %      89.99 %  0.0482  26.34 dB
          7 tensors, int4:g32                                         70.00 %      70.08 %  0.0867  21.24 dB
        out.safetensors: 11 tensors, 117 kB
        read back, identical: 11 tensors, same names, dtypes, shapes and bits

        """)
    #expect(
      result.errorLines == [
        "note: 1 tensor of no float type that is quantised is left alone: 'model.embed_positions.position_ids'",
        "note: 2 tensors of fewer than two dimensions are left alone, such as 'model.layers.0.input_layernorm.weight'",
        "note: 1 tensor named as embeddings is left alone: 'model.embed_tokens.weight'",
      ])
  }

  @Test func jsonHasTheErrorOfEachTensorAndWhatWasLeftAlone() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(
      ["convert", Sample.demo, "out.safetensors", "--quantize", "nf4", "--json", "--only", "*q_proj*"], in: folder.path)
    let json = try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: Any])
    let quantization = try #require(json["quantization"] as? [String: Any])
    #expect(
      quantization.keys.sorted() == [
        "elements", "left_alone", "method", "relative_error", "sqnr_db", "tensors", "zeros", "zeros_before",
      ])
    #expect(quantization["method"] as? String == "nf4")
    #expect(quantization["elements"] as? Int == 8192)
    let tensors = try #require(quantization["tensors"] as? [[String: Any]])
    #expect(tensors.map { $0["name"] as? String } == [0, 1].map { "model.layers.\($0).self_attn.q_proj.weight" })
    let error = try #require(tensors[0]["relative_error"] as? Double)
    let sqnr = try #require(tensors[0]["sqnr_db"] as? Double)
    #expect(abs(sqnr + 20 * log10(error)) < 1e-9)
    #expect((quantization["left_alone"] as? [[String: String]])?.count == 20)
  }

  @Test func theErrorsAreThoseThatVerifyFinds() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(
      ["convert", Sample.demo, "out.safetensors", "--quantize", "int3", "--json"], in: folder.path)
    let verified = try tare.run(
      ["verify", Sample.demo, "out.safetensors", "--tolerance", "sqnr=1", "--json"], in: folder.path)
    func ratios(_ bytes: [UInt8], _ key: String?) throws -> [String: Double] {
      let document = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
      let holder = try #require(key == nil ? document : document[key!] as? [String: Any])
      let tensors = try #require(holder["tensors"] as? [[String: Any]])
      return Dictionary(
        uniqueKeysWithValues: tensors.compactMap { tensor in
          (tensor["sqnr_db"] as? Double).map { (tensor["name"] as! String, ($0 * 1e9).rounded() / 1e9) }
        })
    }
    let said = try ratios(result.outputBytes, "quantization")
    #expect(said.count == 14)
    #expect(try ratios(verified.outputBytes, nil).filter { said[$0.key] != nil } == said)
  }

  @Test func bytesAreTheSameForAnyNumberOfThreadsAnyInstructionsAndFromAPackedFile() throws {
    let folder = try TemporaryFolder()
    #expect(try tare.run(["pack", Sample.demo, "-o", "m.tare"], in: folder.path).exitCode == 0)
    for spec in ["int8:tensor:asym", "int4:g128", "ternary", "palette16", "nf4", "fp8:block128x128"] {
      var outputs: [[UInt8]] = []
      for (input, threads, simd) in [(Sample.demo, "1", "portable"), (Sample.demo, "3", "avx2"), ("m.tare", "2", "")] {
        let environment = simd.isEmpty ? [:] : ["TARE_SIMD": simd]
        let result = try tare.run(
          ["convert", input, "out.safetensors", "--quantize", spec, "--threads", threads, "--force"],
          environment: environment, in: folder.path)
        #expect(result.exitCode == 0, "\(result.errors)")
        outputs.append(try folder.read("out.safetensors"))
      }
      #expect(outputs[0] == outputs[1] && outputs[0] == outputs[2], "\(spec)")
    }
  }

  @Test func prunedZerosStayZerosAndTheTypeIsTheOneAskedFor() throws {
    let folder = try TemporaryFolder()
    for spec in ["int4:asym", "palette16", "nf4", "mxfp4"] {
      let result = try tare.run(
        [
          "convert", Sample.demo, "out.safetensors", "--prune", "2:4", "--dtype", "f16", "--quantize", spec, "--json",
          "--force", "--quiet",
        ], in: folder.path)
      let json = try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: Any])
      let pruned = try #require((json["pruning"] as? [String: Any])?["zeros"] as? Int)
      let quantization = try #require(json["quantization"] as? [String: Any])
      #expect(quantization["zeros_before"] as? Int == pruned)
      #expect(try #require(quantization["zeros"] as? Int) >= pruned)
      let inspected = try tare.run(["inspect", "out.safetensors", "--json", "--tensor", "*q_proj*"], in: folder.path)
      #expect(inspected.output.contains("\"negative_zeros\": 0"))
      #expect(inspected.output.contains("\"dtype\": \"F16\""))
    }
  }

  @Test func aPackedOutputUnpacksToWhatAPlainFileHoldsAndTakesTheSizeOfTheLevels() throws {
    let folder = try TemporaryFolder()
    let options = ["--quantize", "int2:row", "--only", "*proj.weight", "--tensor", "*proj.weight"]
    #expect(try tare.run(["convert", Sample.demo, "out.safetensors"] + options, in: folder.path).exitCode == 0)
    #expect(try tare.run(["convert", Sample.demo, "out.tare"] + options, in: folder.path).exitCode == 0)
    #expect(try tare.run(["unpack", "out.tare", "-o", "back"], in: folder.path).exitCode == 0)
    #expect(try folder.read("back") == folder.read("out.safetensors"))
    #expect(try folder.read("out.tare").count * 6 < folder.read("out.safetensors").count)
  }

  @Test func aDryRunSaysTheErrorAndWritesNothing() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(
      ["convert", Sample.demo, "out.safetensors", "--quantize", "fp8", "--dry-run", "--tensor", "*q_proj*"],
      in: folder.path)
    #expect(result.exitCode == 0)
    #expect(result.output.contains(" dB\n") && result.output.contains("2 tensors, fp8"))
    #expect(folder.names == [])
  }

  @Test(
    arguments: [
      ("int9", "'int9' is no way to quantise"),
      ("palette1", "'palette1' is no way to quantise"),
      ("", "'' is no way to quantise"),
      (
        "int4:g7", "'int4:g7' has the group 'g7', expected g and its size, 8 to 65536, such as g128"
      ),
      (
        "fp8:block128",
        "'fp8:block128' has the block 'block128', expected rows x columns such as block128x128, each of "
          + "8 to 65536"
      ),
      ("mxfp4:g64", "'mxfp4:g64' has the option 'g64'; mxfp4 takes no option"),
      (
        "nf4:asym",
        "'nf4:asym' has the option 'asym'; nf4 takes tensor, row, g and a number, block and two numbers, "
          + "f32, bf16 or f16"
      ),
      ("int4:row:g64", "'int4:row:g64' says one thing twice: 'g64'"),
      (
        "int4:",
        "'int4:' has the option ''; int4 takes tensor, row, g and a number, block and two numbers, sym, asym, f32, bf16 or f16"
      ),
    ])
  func mistakesSayWhatIsAllowed(_ spec: String, _ message: String) throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(["convert", Sample.demo, "out.safetensors", "--quantize", spec], in: folder.path)
    #expect(result.exitCode == 64)
    #expect(
      result.errorLines.first == "tare: the value '\(spec)' is invalid for '--quantize <how>': \(message)",
      "\(result.errors)")
    #expect(folder.names == [])
  }

  @Test func whatIsNotWideEnoughIsLeftAloneUnlessItIsCastBefore() throws {
    let folder = try TemporaryFolder()
    let arguments = ["convert", Sample.low, "out.safetensors", "--quantize", "int8", "--only", "*"]
    let refused = try tare.run(
      ["convert", Sample.demo, "out.safetensors", "--quantize", "int8", "--only", "*ids"], in: folder.path)
    #expect(refused.exitCode == 64)
    #expect(
      refused.errorLines.first
        == "tare: \(Sample.demo): no tensor is quantised: 21 not named by --only, 1 of no float type that is quantised")
    #expect(folder.names == [])
    let cast = try tare.run(arguments + ["--dtype", "bf16"], in: folder.path)
    #expect(cast.exitCode == 0, "\(cast.errors)")
  }

  @Test func anOutputThatExistsStopsBeforeAnythingIsRead() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], to: "out.safetensors")
    let result = try tare.run(["convert", "nothing", "out.safetensors", "--quantize", "int4"], in: folder.path)
    #expect(result.exitCode == 73)
    #expect(try folder.read("out.safetensors") == [1])
  }
}
