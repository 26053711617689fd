import Foundation
import Testing

/// What Keras writes, as a user meets it. The files of `testdata/keras` are by Keras itself, and `names.tsv` says what it
/// calls their arrays.
@Suite struct KerasCommandTests {
  private let tare = Program.tare
  private static let folder = Repository.path("testdata/keras")

  private static func path(_ name: String) -> String { folder + "/" + name }

  /// By file, what each array is: layer, class and variable.
  private static let names: [String: [String: [String]]] = {
    let table = (try? String(contentsOfFile: path("names.tsv"), encoding: .utf8)) ?? ""
    var names: [String: [String: [String]]] = [:]
    for line in table.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      names[fields[0], default: [:]][fields[1]] = Array(fields[2...])
    }
    return names
  }()

  /// Name, layer, class and variable of each tensor, in the order of the report.
  private func inspected(_ name: String) throws -> [[String]] {
    let result = try tare.run(["inspect", "--header-only", "--format", "csv", Self.path(name)])
    #expect(result.exitCode == 0, "\(name): \(result.errors)")
    return result.output.split(separator: "\n").dropFirst().map { line in
      Array(line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)[1...4])
    }
  }

  @Test(arguments: [
    "functional.keras", "functional.h5", "keras2.h5", "sequential.keras", "deflated.keras", "sequential.h5",
    "int8.weights.h5",
  ])
  func arraysAreCalledAsKerasCallsThem(file: String) throws {
    let expected = try #require(Self.names[file])
    let found = try inspected(file)
    #expect(found.count == expected.count)
    for row in found { #expect(Array(row[1...]) == expected[row[0]], "\(file): \(row[0])") }
  }

  /// Without a configuration, a batch normalisation of three variables does not say which it lacks.
  @Test func weightsAloneNameWhatTheyCan() throws {
    let expected = try #require(Self.names["functional.weights.h5"])
    for row in try inspected("functional.weights.h5") {
      let known = row[1] == "unscaled" ? ["unscaled", "BatchNormalization", String(row[0].last!)] : expected[row[0]]
      #expect(Array(row[1...]) == known, "\(row[0])")
    }
    let legacy = try #require(Self.names["keras2_weights.h5"])
    for row in try inspected("keras2_weights.h5") {
      #expect([row[1], row[3]] == [legacy[row[0]]?[0], legacy[row[0]]?[2]], "\(row[0])")
    }
  }

  @Test(arguments: ["functional.keras", "functional.h5", "keras2.h5"])
  func layersComeInTheModelsOrder(file: String) throws {
    let layers = try inspected(file).map { $0[1] }
    var order: [String] = []
    for layer in layers where order.last != layer { order.append(layer) }
    #expect(
      order.filter { $0 != "optimizer" } == [
        "words", "scan", "norm", "both", "again", "parts", "attend", "depth", "ln", "unscaled", "slope", "head/first",
        "head/core/deepest", "head/last", "z10", "z9", "z8", "z7", "z6", "z5", "z4", "z3", "z2", "z1", "z0",
      ])
    #expect(file == "keras2.h5" || order.last == "optimizer")
  }

  @Test func layersAreShownWithTheirClass() throws {
    let table = """

      layer     class               dtype  tensors   size
      ───────────────────────────────────────────────────
      d_one     Dense               F32          2   60 B
      bn        BatchNormalization  F32          4   48 B
      a_two     Dense               F32          2   32 B
      ───────────────────────────────────────────────────
      total                         F32          8  140 B

      """
    for file in ["sequential.keras", "sequential.h5"] {
      let result = try tare.run(["inspect", "--header-only", "--group", "layer", Self.path(file)])
      #expect(result.output.hasSuffix(table), "\(result.output)")
    }
  }

  @Test func brainFloatsAreKnownInEveryLayout() throws {
    for file in ["bfloat16.h5", "bfloat16.keras"] {
      let result = try tare.run(["inspect", "--header-only", "--format", "csv", Self.path(file)])
      let types = result.output.split(separator: "\n").dropFirst().map { $0.split(separator: ",")[5] }
      #expect(types == ["BF16", "BF16", "F32", "F32", "F32", "F32", "BF16", "BF16"], "\(file)")
    }
  }

  // MARK: The archive and the shards

  @Test(arguments: ["deflated.keras", "sharded.weights.json"])
  func theSameModelIsTheSameHoweverItIsKept(file: String) throws {
    let result = try tare.run(["verify", Self.path(file), Self.path("sequential.keras")])
    #expect(result.output.hasSuffix("identical: 8 tensors, same names, dtypes, shapes and bits\n"), "\(result.errors)")
  }

  @Test func anUnzippedArchiveIsTheSameModel() throws {
    let folder = try TemporaryFolder()
    let unzip = "import sys,zipfile;zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])"
    let done = try Program(path: "/usr/bin/env").run(
      ["python3", "-c", unzip, Self.path("functional.keras"), folder.path("m")])
    #expect(done.exitCode == 0, "\(done.errors)")
    let result = try tare.run(["verify", folder.path("m"), Self.path("functional.keras")])
    #expect(result.output == "identical: 122 tensors, same names, dtypes, shapes and bits\n", "\(result.errors)")
    #expect(result.errors == "")
  }

  @Test(arguments: ["functional.keras", "deflated.keras", "functional.h5"])
  func convertingKeepsNamesAndBits(file: String) throws {
    let folder = try TemporaryFolder()
    let converted = try tare.run(["convert", Self.path(file), folder.path("m.safetensors"), "--verify"])
    #expect(converted.exitCode == 0, "\(converted.errors)")
    let original = try inspected(file)
    let csv = try tare.run(["inspect", "--header-only", "--format", "csv", folder.path("m.safetensors")])
    let found = csv.output.split(separator: "\n").dropFirst().map { line in
      Array(line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)[1...4])
    }
    #expect(found == original)
  }

  @Test(arguments: ["functional.keras", "deflated.keras", "sequential.keras"])
  func packingGivesTheArchiveBack(file: String) throws {
    let folder = try TemporaryFolder()
    let packed = try tare.run(["pack", Self.path(file), "-o", folder.path("p.tare")])
    #expect(packed.exitCode == 0, "\(packed.errors)")
    #expect(packed.errors.hasSuffix("the weights are compressed, and stored as bytes\n") == (file == "deflated.keras"))
    #expect(try tare.run(["unpack", folder.path("p.tare"), "-o", folder.path("back")]).exitCode == 0)
    #expect(try folder.read("back") == [UInt8](Data(contentsOf: URL(fileURLWithPath: Self.path(file)))))
    guard file != "deflated.keras" else { return }
    let same = try tare.run(["verify", Self.path(file), folder.path("p.tare")])
    #expect(same.exitCode == 0, "\(same.output)\(same.errors)")
  }

  @Test func packingAnIndexGivesItsShardsBack() throws {
    let folder = try TemporaryFolder()
    #expect(try tare.run(["pack", Self.path("sharded.weights.json"), "-o", folder.path("p.tare")]).exitCode == 0)
    #expect(try tare.run(["unpack", folder.path("p.tare"), "-o", folder.path("back")]).exitCode == 0)
    for name in ["sharded.weights.json", "sharded_00000.weights.h5", "sharded_00001.weights.h5"] {
      #expect(try folder.read("back/" + name) == [UInt8](Data(contentsOf: URL(fileURLWithPath: Self.path(name)))))
    }
  }

  // MARK: Refusals

  /// Weights that are read in place are summed up by nothing else.
  @Test func verifyNamesTheMemberThatIsDamaged() throws {
    let folder = try TemporaryFolder()
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.path("sequential.keras"))))
    try folder.write(bytes, to: "m.keras")
    let sound = try tare.run(["verify", "m.keras"], in: folder.path)
    #expect(sound.exitCode == 0 && sound.output.hasPrefix("intact: "), "\(sound.output)")
    // In the last of the members, of which nothing but the weights is large.
    let place = bytes.count / 2
    bytes[place] ^= 1
    try folder.write(bytes, to: "m.keras")
    #expect(try tare.run(["inspect", "m.keras"], in: folder.path).exitCode == 0)
    let damaged = try tare.run(["verify", "m.keras"], in: folder.path)
    let lines = damaged.output.split(separator: "\n")
    #expect(damaged.exitCode == 1 && lines.count == 2, "\(damaged.output)")
    #expect(lines.first?.hasPrefix("member 'model.weights.h5': its checksum is ") == true, "\(damaged.output)")
    #expect(lines.last == "damaged: 1 fault outside the tensors")
    // As `pack` and `unpack` give it back.
    #expect(try tare.run(["pack", "m.keras"], in: folder.path).exitCode == 0)
    #expect(try tare.run(["verify", "m.keras.tare"], in: folder.path).exitCode == 0)
  }

  @Test func aShardThatIsMissingIsNamed() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Self.path("sharded.weights.json"), toPath: folder.path("m.weights.json"))
    let result = try tare.run(["inspect", "m.weights.json"], in: folder.path)
    #expect(result.exitCode == 66)
    #expect(
      result.errors == """
        tare: sharded_00000.weights.h5: cannot be opened: No such file or directory
        hint: m.weights.json names it

        """)
  }

  @Test(arguments: [
    (
      #"{"weight_map": {"a": "../x.weights.h5"}}"#,
      "file '../x.weights.h5', expected a name without a folder (at byte 21)"
    ),
    (#"{"weight_map": {"a": ["x.weights.h5", 1]}}"#, "expected a string for a file, found '1' (at byte 38)"),
    (
      #"{"weight_map": {"a": [], "b": []}, "c": "x.weights.h5"}"#,
      "'weight_map' is missing or empty: not the index of sharded weights"
    ),
    (#"{"weight_map": {"a": "x.weights.h5", "a": "x.weights.h5"}}"#, "group 'a' comes twice (at byte 37)"),
    (#"{"weight_map": {"a": "x.weights.h5"}, "weight_map": {}}"#, "member 'weight_map' comes twice (at byte 38)"),
  ])
  func aBrokenIndexIsRefused(text: String, message: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(Array(text.utf8), to: "m.weights.json")
    let result = try tare.run(["inspect", "m.weights.json"], in: folder.path)
    #expect(result.exitCode == 65)
    #expect(result.errorLines == ["tare: m.weights.json: \(message)"])
  }

  @Test func twoShardsMayNotHoldOneTensor() throws {
    let folder = try TemporaryFolder()
    for name in ["a.weights.h5", "b.weights.h5"] {
      try FileManager.default.copyItem(atPath: Self.path("sharded_00001.weights.h5"), toPath: folder.path(name))
    }
    try folder.write(Array(#"{"weight_map": {"x": ["a.weights.h5", "b.weights.h5"]}}"#.utf8), to: "m.weights.json")
    let result = try tare.run(["inspect", "m.weights.json"], in: folder.path)
    #expect(result.exitCode == 65)
    #expect(result.errorLines.first?.hasSuffix("lies also in a.weights.h5") == true, "\(result.errors)")
  }

  /// Archives that lie, and those that are sound and hold no model.
  @Test func theGalleryOfArchivesIsRefusedInOneLine() throws {
    let gallery = Repository.path("testdata/hostile/zip")
    let table = try String(contentsOfFile: gallery + "/expected.tsv", encoding: .utf8)
    for line in table.split(separator: "\n").dropFirst() {
      let row = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      // Those that do not begin as archives with a member do are not opened as such.
      let bytes = try Data(contentsOf: URL(fileURLWithPath: gallery + "/" + row[0]))
      guard bytes.prefix(4) == Data("PK\u{3}\u{4}".utf8) else { continue }
      let result = try tare.run(["inspect", gallery + "/" + row[0]])
      #expect(result.output == "" && result.errorLines.count == 1, "\(row[0]): \(result.errors)")
      #expect(result.exitCode == (row[1] == "malformed" ? 65 : 69), "\(row[0]): \(result.errors)")
      if row[1] == "ok" {
        #expect(result.errors.hasSuffix("a ZIP archive without 'model.weights.h5', no model of Keras 3\n"))
      }
    }
  }

  /// Bytes of a sound archive that are cut off or changed: one line, or the model.
  @Test func damagedArchivesEndWell() throws {
    let folder = try TemporaryFolder()
    let sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.path("sequential.keras"))))
    var generator = SystemRandomNumberGenerator()
    for round in 0..<40 {
      var bytes = sound
      if round % 2 == 0 {
        bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
      } else {
        for _ in 0..<4 {
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
        }
      }
      try folder.write(bytes, to: "m.keras")
      let result = try tare.run(["inspect", "m.keras"], in: folder.path)
      let kept = "round \(round): \(result.errors), \(Data(bytes).base64EncodedString())"
      #expect([0, 65, 69].contains(result.exitCode ?? -1), "\(kept)")
      #expect(result.exitCode == 0 || result.errorLines.filter { !$0.hasPrefix("hint: ") }.count == 1, "\(kept)")
    }
  }
}
