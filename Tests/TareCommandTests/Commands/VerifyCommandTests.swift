import Foundation
import Testing

/// `tare verify` as a user runs it.
@Suite struct VerifyCommandTests {
  private let tare = Program.tare

  /// A folder with the demo model, its packed form, and both with one byte of `up_proj` or of a chunk changed.
  private func models() throws -> TemporaryFolder {
    let folder = try Sample.demoAndChanged()
    let bytes = try folder.read("other")
    var packed = try folder.read("m.tare")
    packed[30_000] ^= 0x55
    try folder.write(packed, to: "bad.tare")
    try folder.write(Array(bytes.prefix(1000)), to: "cut")
    return folder
  }

  @Test func verdictsAreSaidAndAreExitCodes() throws {
    let folder = try models()
    func verify(_ arguments: String...) throws -> (code: Int32?, text: String) {
      let result = try tare.run(["verify"] + arguments, in: folder.path)
      #expect(result.errors == "")
      return (result.exitCode, result.output)
    }
    let identical = "identical: 22 tensors, same names, dtypes, shapes and bits\n"
    #expect(try verify("m") == (0, "intact: 22 tensors, 231680 bytes read, digest 06c8b572d096aa23\n"))
    #expect(try verify("m.tare") == (0, "intact: 22 tensors, 233928 bytes read, digest xxh3:f15dfbe36120a98f\n"))
    #expect(try verify("m", "m.tare") == (0, identical))
    #expect(try verify("m.tare", "m", "--memory", "32M", "--threads", "3") == (0, identical))
    let different = try verify("m", "other")
    #expect(
      different == (
        1,
        """
        model.layers.0.mlp.up_proj.weight: 1 of 8192 elements differs, first at [111, 44]: 0.0 against 9.1835e-41
          largest error 9.18355e-41 at [111, 44]: 0.0 against 9.1835e-41, MSE 1.02951e-84, SQNR 808.95 dB, cosine 1
        different: 1 of 22 tensors differs

        """
      ))
    #expect(
      try verify("m", "other", "--max-differences", "0") == (1, "… and 1 more\ndifferent: 1 of 22 tensors differs\n"))
    #expect(try verify("m", "other", "--exclude", "*.mlp.*").code == 0)
    #expect(try verify("m", "other", "--tensor", "*.mlp.up*").text.hasSuffix("different: 1 of 2 tensors differs\n"))
    let cut =
      "a header of 2240 bytes, but only 992 follow its length (at byte 0)\ndamaged: 1 fault outside the tensors\n"
    #expect(try verify("cut") == (1, cut))
    let bad = try verify("bad.tare")
    #expect(bad.code == 1)
    #expect(bad.text.contains(/^model\.layers\.\S+: damaged: the checksum of chunk 0 does not hold \(at byte \d+\)\n/))
    #expect(bad.text.hasSuffix("\ndamaged: 1 of 22 tensors\n"))
    #expect(try tare.run(["unpack", "bad.tare"], in: folder.path).exitCode == 65)
    #expect(!folder.names.contains("bad"))
  }

  @Test func toleranceLetsTheSignOfZeroPass() throws {
    let folder = try TemporaryFolder()
    let header = #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    for (name, last) in [("plus", UInt8(0)), ("minus", 0x80)] {
      try folder.write(
        [UInt8(header.utf8.count)] + [UInt8](repeating: 0, count: 7) + Array(header.utf8) + [0, 0, 0, last], to: name)
    }
    let exact = try tare.run(["verify", "plus", "minus"], in: folder.path)
    #expect(exact.exitCode == 1)
    #expect(exact.output.contains("(--tolerance value lets that pass)"))
    let value = try tare.run(["verify", "plus", "minus", "--tolerance", "value"], in: folder.path)
    #expect(value.exitCode == 0)
    #expect(value.output.hasPrefix("equal: 1 tensor"))
  }

  @Test func jsonNamesEveryTensor() throws {
    let folder = try models()
    func json(_ arguments: [String]) throws -> [String: Any] {
      let result = try tare.run(["verify", "--json", "--verbose"] + arguments, in: folder.path)
      return try #require(JSONSerialization.jsonObject(with: Data(result.outputBytes)) as? [String: Any])
    }
    let one = try json(["m.tare"])
    #expect(one["verdict"] as? String == "intact")
    #expect((one["tensors"] as? [Any])?.count == 22)
    let two = try json(["m", "other"])
    #expect(two["verdict"] as? String == "different")
    let wrong = try #require((two["tensors"] as? [[String: Any]])?.filter { $0["verdict"] as? String == "different" })
    #expect(wrong.map { $0["name"] as? String } == ["model.layers.0.mlp.up_proj.weight"])
    #expect((wrong[0]["first_difference"] as? [String: Any])?["index"] as? [Int] == [111, 44])
  }

  @Test func verdictHasItsColor() throws {
    let folder = try models()
    func output(_ arguments: String...) throws -> String {
      try tare.run(["verify"] + arguments, in: folder.path).output
    }
    #expect(try output("m", "--color", "always").hasPrefix("\u{1B}[32mintact\u{1B}[0m: 22"))
    #expect(try output("m", "other", "--color", "always").contains("\n\u{1B}[31mdifferent\u{1B}[0m: 1 of 22"))
  }

  @Test(.enabled(if: Program.python != nil, "scripts/make-venv makes the Python that this needs"))
  func everyFigureAgreesWithNumpy() throws {
    let folder = try TemporaryFolder()
    let seed = UInt32.random(in: 0 ... .max)
    let result = try #require(Program.python).run([
      Repository.path("Tests/Peers/check_comparison.py"), tare.path, folder.path, "\(seed)",
    ])
    #expect(result.exitCode == 0, "seed \(seed): \(result.errors)")
    #expect(result.output == "124 pairs of tensors compared with numpy, 0 disagreements\n")
  }

  @Test func whatIsNoModelIsNoDamage() throws {
    let folder = try TemporaryFolder()
    try folder.write(Array("hello\n".utf8), to: "t")
    #expect(try tare.run(["verify", "t"], in: folder.path).exitCode == 65)
    #expect(try tare.run(["verify", "nothing"], in: folder.path).exitCode == 66)
    #expect(try tare.run(["verify", Sample.demo, "t"], in: folder.path).exitCode == 65)
  }
}
