import Foundation
import Testing

/// `tare inspect` as a user runs it. What packing would save is left open: the encoder may get better.
@Suite struct InspectCommandTests {
  private let tare = Program.tare

  private func lines(_ arguments: [String]) throws -> [String] {
    let result = try tare.run(["inspect"] + arguments)
    #expect(result.exitCode == 0)
    #expect(result.errors == "")
    return result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  private func json(_ arguments: [String]) throws -> [String: Any] {
    let result = try tare.run(["inspect", "--json"] + arguments)
    let document = try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: Any])
    return try #require((document["models"] as? [[String: Any]])?.first)
  }

  /// Sizes when packed become `#`.
  private func masked(_ line: String) -> String {
    line.replacing(/\s+[\d.]+ k?B\s+-?[\d.]+%$/, with: " #").replacing(
      /about |[\d.]+%: 231\.7 kB to [\d.]+ kB/, with: "#")
  }

  @Test func tableFitsATerminalOf80Columns() throws {
    let result = try tare.run(["inspect", Sample.demo], output: .terminal(columns: 80), environment: ["TERM": "dumb"])
    #expect(result.exitCode == 0)
    let lines = result.output.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false).map
    {
      masked(String($0))
    }
    #expect(lines.allSatisfy { $0.count <= 80 || $0.hasPrefix("/") })
    #expect(
      Array(lines[1...8]) == [
        "safetensors, 233.9 kB, 22 tensors", "  format: pt",
        "Pruned: 48.0% of 115,136 elements are zero, 48.1% of them −0; zeros lie in 13",
        "unstructured tensors and 1 tensor with zero rows.", "Packing would save #.", "",
        "name                       dtype      size  zeros  structure      packed  saving",
        String(repeating: "─", count: 80),
      ])
    #expect(lines[9] == "model.embed_tokens.weight  BF16    32.8 kB     0%  dense #")
    #expect(lines[12] == "model.layers…_proj.weight  BF16     8.2 kB  70.0%  unstructured #")
    #expect(lines[27] == "model.layers…_proj.weight  BF16    16.4 kB  25.0%  rows 32/128 #")
    #expect(lines[32] == "total                      mixed  231.7 kB  48.0% #")
  }

  @Test func pipeGetsEveryColumn() throws {
    let lines = try lines([Sample.demo]).map(masked)
    #expect(
      lines[6].hasSuffix(
        "  dtype  exact in  shape           size  zeros  structure          min      max        mean      std  distinct   bits   packed  saving"
      ))
    #expect(
      lines[11]
        == "model.layers.0.self_attn.q_proj.weight          BF16   BF16      64×64         8.2 kB  70.0%  unstructured   -0.5234   0.6094    0.001019  0.03662       435   4.11 #"
    )
    #expect(!lines.joined().contains("\u{1B}"))
    #expect(try self.lines([Sample.demo, "--color", "always"]).joined().contains("\u{1B}[1m"))
  }

  @Test func headerAloneIsReadWhereAsked() throws {
    let lines = try lines([Sample.empties, "--header-only"])
    #expect(
      Array(lines[1...]) == [
        "safetensors, 428 B, 6 tensors", "",
        "name              dtype  shape                  size",
        "────────────────────────────────────────────────────",
        "empty.first       F32    0                       0 B",
        "scalar            F32                            4 B",
        "empty.middle      BF16   2×0×5                   0 B",
        "empty.middle.too  U8     0×4611686018427387904   0 B",
        "one               I64    1×1×1                   8 B",
        "empty.last        F64    3×0                     0 B",
        "────────────────────────────────────────────────────",
        "total             mixed  6 tensors              12 B", "",
      ])
  }

  /// A packed file's header knows sizes, but not how chunks are encoded.
  @Test func headerOfAPackedModelNamesNoEncodings() throws {
    let folder = try TemporaryFolder()
    _ = try tare.run(["pack", Sample.demo, "-o", folder.path("p.tare")])
    let keys = ["bytes", "dtype", "elements", "layer", "name", "offset", "packed_bytes", "sampled", "shape"]
    let model = try json([folder.path("p.tare"), "--header-only"])
    let tensor = try #require((model["tensors"] as? [[String: Any]])?.first)
    #expect(tensor.keys.sorted() == keys)
    let layers = try json([folder.path("p.tare"), "--header-only", "--group", "layer"])
    let layer = try #require((layers["layers"] as? [[String: Any]])?.first)
    #expect(layer.keys.sorted() == ["bytes", "dtypes", "elements", "layer", "packed_bytes", "sampled", "tensors"])
    let whole = try json([folder.path("p.tare")])
    #expect((whole["tensors"] as? [[String: Any]])?.first?["encoding"] is String)
  }

  @Test func groupsAndOrdersAreTheOnesAskedFor() throws {
    func names(_ arguments: String...) throws -> [String] {
      let lines = try lines([Sample.demo] + arguments)
      let rules = lines.indices.filter { lines[$0].hasPrefix("──") }
      return lines[(rules[0] + 1)..<rules[1]].map { String($0.prefix { $0 != " " }) }
    }
    let inFile = [
      "model.embed_tokens", "model.embed_positions", "model.layers.0", "model.layers.1", "model.norm", "lm_head",
    ]
    #expect(try names("--group", "layer") == inFile)
    #expect(try names("--group", "layer", "--sort", "name") == inFile.sorted())
    #expect(
      try names("--group", "layer", "--sort", "bytes") == [
        "model.layers.0", "model.layers.1", "model.embed_tokens", "lm_head", "model.embed_positions", "model.norm",
      ])
    #expect(
      try names("--group", "layer", "--sort", "sparsity").prefix(3) == [
        "model.layers.0", "model.layers.1", "model.embed_positions",
      ])
    #expect(try names("--group", "layer", "--sort", "savings").prefix(2) == ["model.layers.0", "model.layers.1"])
    #expect(try names("--group", "model") == [])
    #expect(try names("--tensor", "*.weight", "--exclude", "*layers*").count == 3)
    #expect(
      try lines([Sample.demo, "--tensor", "*norm*"]).contains { $0.hasPrefix("total  ") && $0.contains("5 tensors") })
  }

  @Test func exactSamplesNothing() throws {
    let folder = try TemporaryFolder()
    let header = #"{"w":{"dtype":"U8","shape":[8388608],"data_offsets":[0,8388608]}}"#
    var bytes = [UInt8](repeating: 7, count: 8_388_608)
    bytes[5_000_000] = 1
    try folder.write([UInt8(header.utf8.count)] + [UInt8](repeating: 0, count: 7) + Array(header.utf8) + bytes, to: "m")
    func isSampled(_ options: String...) throws -> Bool? {
      (try json([folder.path("m")] + options)["tensors"] as? [[String: Any]])?.first?["sampled"] as? Bool
    }
    #expect(try isSampled() == true)
    #expect(try isSampled("--exact") == false)
  }

  @Test func aConditionThatHoldsFailsTheRun() throws {
    let folder = try TemporaryFolder()
    func run(_ arguments: String...) throws -> ProgramResult { try tare.run(["inspect", Sample.demo] + arguments) }
    let passes = try run("--fail-if", "sparsity<0.4", "--fail-if", "tensor.nan>0 and zeros>0", "--json")
    #expect(passes.exitCode == 0)
    #expect(passes.errors == "")
    let fails = try run("--fail-if", "sparsity>40%", "--fail-if", "tensor.zeros>7300", "--json")
    #expect(fails.exitCode == 1)
    #expect(fails.output == passes.output)
    #expect(
      fails.errorLines == [
        "tare: \(Sample.demo): sparsity is 0.48024075875486383: 'sparsity>40%' holds",
        "tare: \(Sample.demo): tensor 'model.layers.0.mlp.down_proj.weight': zeros is 7372: 'tensor.zeros>7300' holds",
        "tare: \(Sample.demo): tensor 'model.layers.1.mlp.down_proj.weight': zeros is 7372: 'tensor.zeros>7300' holds",
      ])
    let many = try run("--fail-if", "tensor.elements>0", "--header-only", "-o", folder.path("report"))
    #expect(many.exitCode == 1)
    #expect(many.errorLines.count == 11)
    #expect(many.errorLines.last == "tare: \(Sample.demo): … and 12 more")
    #expect(folder.names == ["report"])
  }

  @Test func modelsAreComparedWhereAsked() throws {
    let folder = try TemporaryFolder()
    _ = try tare.run(["pack", Sample.demo, "-o", folder.path("p.tare")])
    let lines = try lines([Sample.demo, "--compare", folder.path("p.tare"), "--tensor", "*norm*", "--group", "layer"])
    #expect(lines[0] == "A: \(Sample.demo) (safetensors, 233.9 kB)")
    #expect(lines[1] == "B: \(folder.path("p.tare")) (tare, 233.9 kB)")
    #expect(lines.contains { $0.hasPrefix("model.norm      F32     256 B   256 B       0%       0%  1.112  1.112 ") })
    let document = try tare.run(["inspect", Sample.demo, "--compare", folder.path("p.tare"), "--json"]).outputBytes
    let keys = try #require(JSONSerialization.jsonObject(with: Data(document)) as? [String: Any])
    #expect(keys.keys.sorted() == ["comparison", "models", "tare"])
    #expect((keys["models"] as? [Any])?.count == 2)
  }

  @Test func everyFormGoesToAFile() throws {
    let folder = try TemporaryFolder()
    for form in ["table", "json", "csv", "markdown"] {
      let shown = try tare.run(["inspect", Sample.demo, "--format", form])
      #expect(shown.exitCode == 0)
      #expect(try tare.run(["inspect", Sample.demo, "--format", form, "-o", form], in: folder.path).exitCode == 0)
      #expect(try folder.read(form) == shown.outputBytes)
    }
    #expect(String(decoding: try folder.read("csv"), as: UTF8.self).split(separator: "\n").count == 23)
  }

  @Test func aHistogramHoldsEveryValueThatIsNotZero() throws {
    let tensors = try #require(try json([Sample.demo, "--histogram"])["tensors"] as? [[String: Any]])
    for tensor in tensors {
      let histogram = try #require(tensor["histogram"] as? [String: Any])
      let edges = try #require(histogram["edges"] as? [Double])
      let counts = try #require(histogram["counts"] as? [Int])
      #expect(edges.count == counts.count + 1 && edges == edges.sorted())
      #expect(edges.first == tensor["min"] as? Double && edges.last == tensor["max"] as? Double)
      let zeros = try #require(tensor["zeros"] as? Int)
      #expect(counts.reduce(0, +) + zeros == tensor["elements"] as? Int)
    }
    let shown = try lines([Sample.demo, "--histogram", "--tensor", "*norm.weight"])
    #expect(shown.contains { $0.hasPrefix("model.norm.weight ") && $0.contains("█") })
    #expect(try json([Sample.demo])["histogram"] == nil)
  }

  @Test(
    arguments: [
      (["--json", "--format", "csv"], "--json and --format csv exclude each other"),
      (["--histogram", "--header-only"], "--histogram needs the data, which --header-only leaves unread"),
      (["--histogram", "--group", "layer"], "--histogram is of tensors, not of a layer"),
      (["--histogram", "--format", "csv"], "--histogram has no form in csv"),
      (["--histogram", "--compare", Sample.low], "--histogram has no place beside --compare"),
      (["--compare", Sample.low, Sample.low], "--compare shows one model beside one other"),
      (["--fail-if", "nan>0", "--header-only"], "'nan>0' needs the data, which --header-only leaves unread"),
      (
        ["--fail-if", "size>0"],
        "the value 'size>0' is invalid for '--fail-if <condition>': unknown key 'size'"
      ),
    ])
  func whatMakesNoSenseIsRefused(_ arguments: [String], _ message: String) throws {
    let result = try tare.run(["inspect", Sample.demo] + arguments)
    #expect(result.exitCode == 64)
    #expect(result.errorLines.first == "tare: " + message)
    #expect(result.output == "")
  }

  @Test func namesThatLookAlikeAreTwoLayers() throws {
    let folder = try TemporaryFolder()
    let header =
      #"{"caf\u00e9.w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"cafe\u0301.w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#
    try folder.write(
      [UInt8(header.utf8.count)] + [UInt8](repeating: 0, count: 7) + Array(header.utf8) + [1, 2], to: "m")
    #expect((try json([folder.path("m"), "--group", "layer"])["layers"] as? [Any])?.count == 2)
  }

  @Test func reportGoesToAFileWhereAsked() throws {
    let folder = try TemporaryFolder()
    let arguments = ["inspect", Sample.demo, "--json", "--verbose", "-o", "r.json"]
    let first = try tare.run(arguments, in: folder.path)
    #expect(first.output == "")
    #expect(first.errorLines.count == 1)
    #expect(try folder.read("r.json") == tare.run(["inspect", Sample.demo, "--json"]).outputBytes)
    #expect(try tare.run(arguments, in: folder.path).exitCode == 73)
    #expect(try tare.run(arguments + ["--force"], output: .closed, in: folder.path).exitCode == 0)
  }

  @Test func numbersAreTheSameForAnyThreadsAndMemory() throws {
    let reference = try tare.run(["inspect", Sample.demo, "--json"]).outputBytes
    for options in [["--threads", "1"], ["--threads", "5"], ["--memory", "32M"], ["--format", "json"]] {
      let arguments = ["inspect", Sample.demo] + options + (options[0] == "--format" ? [] : ["--json"])
      #expect(try tare.run(arguments).outputBytes == reference)
    }
  }

  /// All data types, every pattern of a byte, NaN, infinities, subnormals, odd addresses, pruned matrices.
  @Test(.enabled(if: Program.python != nil, "scripts/make-venv makes the Python that this needs"))
  func numbersAreThoseOfNumpy() throws {
    let folder = try TemporaryFolder()
    let models = ["all_dtypes", "low_precision", "misaligned"].map {
      Repository.path("testdata/safetensors/\($0).safetensors")
    }
    _ = try tare.run(["inspect", Sample.demo, "--json", "-o", folder.path("r.json")] + models)
    let check = try #require(Program.python).run([
      Repository.path("Tests/Peers/check_inspection.py"), folder.path("r.json"),
    ])
    #expect(check.exitCode == 0)
    #expect(check.output == "54 tensors compared with numpy, 0 disagreements\n")
  }
}
