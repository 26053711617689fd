import Foundation
import Testing

/// Masks beside weights, as `torch.nn.utils.prune` leaves them: `inspect` tells, `convert --fold-masks` multiplies.
@Suite struct MaskTests {
  private let tare = Program.tare

  /// A safetensors file of tensors (name, dtype, shape, bytes).
  private static func model(_ tensors: [(String, String, String, [UInt8])]) -> [UInt8] {
    var entries: [String] = []
    var data: [UInt8] = []
    for (name, dtype, shape, bytes) in tensors {
      let end = data.count + bytes.count
      entries.append(
        #""\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":[\#(data.count),\#(end)]}"#)
      data += bytes
    }
    let header = "{" + entries.joined(separator: ",") + "}"
    return (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) } + Array(header.utf8) + data
  }

  /// A folder with `m`: a weight of 1, −1, 2, −2 and its mask 1, 0, 0, 1; a bias; and a mask that is none.
  private func masked() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let file = Self.model([
      ("l.weight_orig", "BF16", "[2,2]", [0x80, 0x3F, 0x80, 0xBF, 0, 0x40, 0, 0xC0]),
      ("l.weight_mask", "BF16", "[2,2]", [0x80, 0x3F, 0, 0, 0, 0, 0x80, 0x3F]), ("l.bias", "BF16", "[1]", [1, 2]),
      ("k.weight_orig", "F16", "[1]", [0, 0x3C]), ("k.weight_mask", "U8", "[1]", [3]),
    ])
    try folder.write(file, to: "m.safetensors")
    return folder
  }

  @Test(.enabled(if: Program.python != nil, "scripts/make-venv makes the Python that this needs"))
  func productsAreThoseOfNumpyBitForBit() throws {
    let python = try #require(Program.python)
    let script = Repository.path("Tests/Peers/check_folding.py")
    let folder = try TemporaryFolder()
    let seed = UInt32.random(in: 0 ... .max)
    #expect(try python.run([script, "write", folder.path, String(seed)]).exitCode == 0)
    let folded = try tare.run(
      ["convert", "model.safetensors", "out.safetensors", "--fold-masks", "--verify"], in: folder.path)
    #expect(folded.exitCode == 0, "\(folded.errors)")
    let checked = try python.run([script, "check", folder.path, "out.safetensors"])
    #expect(checked.exitCode == 0, "seed \(seed): \(checked.errors)")
  }

  @Test func foldedWeightsTakeThePlaceOfTheirParts() throws {
    let folder = try masked()
    let result = try tare.run(["convert", "m.safetensors", "o.safetensors", "--fold-masks"], in: folder.path)
    #expect(result.exitCode == 0)
    #expect(result.output.hasPrefix("o.safetensors: 4 tensors, "))
    #expect(
      result.errors == """
        note: 1 mask is folded: 'l.weight'
        note: 'k.weight_mask' holds other values than 0 and 1, and is no mask

        """)
    let weight = try tare.run(["cat", "o.safetensors", "l.weight", "--format", "text"], in: folder.path)
    #expect(weight.output == "1.0 -0.0\n0.0 -2.0\n")
    let kept = try tare.run(["cat", "o.safetensors", "k.weight_mask", "--format", "text"], in: folder.path)
    #expect(kept.output == "3\n")
  }

  @Test func everyKindOfOutputAndInputFolds() throws {
    let folder = try masked()
    for arguments in [
      ["pack", "m.safetensors", "-o", "m.tare"], ["convert", "m.tare", "a.safetensors", "--fold-masks"],
      ["convert", "m.safetensors", "b.tare", "--fold-masks", "--verify"], ["verify", "a.safetensors", "b.tare"],
      ["convert", "m.safetensors", "c/", "--fold-masks", "--dtype", "f32", "--only", "l.weight", "--rename", "l.*=*"],
    ] {
      let result = try tare.run(arguments, in: folder.path)
      #expect(result.exitCode == 0, "\(arguments): \(result.errors)")
    }
    let weight = try tare.run(["cat", "c", "weight", "--format", "text"], in: folder.path)
    #expect(weight.output == "1.0 -0.0\n0.0 -2.0\n")
  }

  @Test func foldingWithoutMasksIsAMistake() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(["convert", Sample.demo, "o.safetensors", "--fold-masks"], in: folder.path)
    #expect(result.exitCode == 64)
    #expect(
      result.errors
        == "tare: \(Sample.demo): holds no weights X_orig with masks X_mask of the same shape beside them\n")
    #expect(folder.names == [])
  }

  @Test func inspectTellsOfTheProduct() throws {
    let folder = try masked()
    let text = try tare.run(["inspect", "m.safetensors"], in: folder.path).output
    #expect(
      text.contains(
        "\n1 mask beside weights: multiplied, 50.0% of 4 elements are zero (tare convert --fold-masks).\n"))
    #expect(text.contains("\nWeights under the masks beside them:\nname "))
    #expect(text.contains("\nl.weight  BF16 "))
    #expect(text.components(separatedBy: "k.weight ").count == 1)

    let output = try tare.run(["inspect", "m.safetensors", "--json"], in: folder.path).outputBytes
    let document = try #require(JSONSerialization.jsonObject(with: Data(output)) as? [String: Any])
    let model = try #require((document["models"] as? [[String: Any]])?.first)
    let logical = try #require(model["logical_tensors"] as? [[String: Any]])
    #expect(logical.count == 1)
    #expect(logical[0]["schema"] as? String == "pruning-mask")
    #expect(logical[0]["parts"] as? [String] == ["l.weight_orig", "l.weight_mask"])
    #expect(logical[0]["name"] as? String == "l.weight")
    #expect(logical[0]["zeros"] as? Int == 2 && logical[0]["negative_zeros"] as? Int == 1)
    // The arrays are what the file holds, and are counted as before.
    #expect((model["tensors"] as? [[String: Any]])?.count == 5)
    let header = try tare.run(["inspect", "m.safetensors", "--json", "--header-only"], in: folder.path).output
    #expect(!header.contains("logical_tensors"))
  }
}
