import Foundation
import Glibc
import Testing

/// `tare verify` with certificates and digests, as a user runs it.
@Suite struct CertificateCommandTests {
  private let tare = Program.tare

  private func models() throws -> TemporaryFolder { try Sample.demoAndChanged() }

  private func verify(_ folder: TemporaryFolder, _ arguments: String...) throws -> ProgramResult {
    try tare.run(["verify"] + arguments, in: folder.path)
  }

  @Test func aModelIsHeldAgainstItsCertificateWhateverItsContainer() throws {
    let folder = try models()
    let made = try verify(folder, "m", "m.tare", "-o", "c.json")
    #expect(made.output == "identical: 22 tensors, same names, dtypes, shapes and bits\n" && made.errors == "")
    let verdict = "identical: what c.json certifies; m and m.tare were identical (exact) by tare 0.1.0\n"
    #expect(
      try verify(folder, "m.tare", "m", "--certificate", "c.json").output == """
        m.tare: all 22 tensors of model a of the certificate, m, in another file
        m: all 22 tensors of model b of the certificate, m.tare, in another file
        \(verdict)
        """)
    let alone = try verify(folder, "m.tare", "--certificate", "c.json")
    #expect(
      alone.output == "m.tare: all 22 tensors of model b of the certificate, m.tare, in the same file\n" + verdict)
    let other = try verify(folder, "other", "--certificate", "c.json")
    #expect(other.exitCode == 1)
    #expect(
      other.output == """
        model.layers.0.mlp.up_proj.weight: not as certified in other
        other: 1 tensor not as in model a of the certificate, m
        different: c.json certifies something else

        """)
    let json = try verify(folder, "other", "--certificate", "c.json", "--json")
    let object = try #require(JSONSerialization.jsonObject(with: Data(json.outputBytes)) as? [String: Any])
    #expect(object["verdict"] as? String == "different")
    #expect((object["a"] as? [String: Any])?["same_files"] as? Bool == false)
  }

  @Test(.enabled(if: Program.python != nil, "scripts/make-venv makes the Python that this needs"))
  func everyDigestAgreesWithHashlib() throws {
    let folder = try models()
    _ = try verify(folder, "m", "m.tare", "-o", "c.json")
    let script = Repository.path("Tests/Peers/check_certificate.py")
    let result = try #require(Program.python).run([script, "c.json", "m", "m.tare"], in: folder.path)
    #expect(result.output == "2 models, 0 disagreements\n")
  }

  @Test func aCertificateStatesWhatWasFoundOrIsNotWritten() throws {
    let folder = try models()
    #expect(try verify(folder, "m", "other", "-o", "c.json").exitCode == 1)
    #expect(String(decoding: try folder.read("c.json"), as: UTF8.self).contains(#""verdict": "different""#))
    var packed = try folder.read("m.tare")
    packed[30_000] ^= 0x55
    try folder.write(packed, to: "bad.tare")
    for arguments in [["bad.tare"], ["m", "bad.tare"]] {
      let result = try tare.run(["verify", "-o", "d.json"] + arguments, in: folder.path)
      #expect(result.exitCode == 1 && result.errors == "note: no certificate is written of what cannot be read\n")
    }
    #expect(folder.names == ["bad.tare", "c.json", "m", "m.tare", "other"])
  }

  @Test func digestsAreThoseOfSha256sum() throws {
    let folder = try models()
    let expected = try Program(path: "/usr/bin/env").run(["sha256sum", "m", "m.tare"], in: folder.path).output
    #expect(try verify(folder, "m", "m.tare", "--sha256").output.hasPrefix(expected + "identical: "))
    let sharded = try tare.run(["verify", Sample.sharded, "--sha256", "--json"])
    let object = try #require(JSONSerialization.jsonObject(with: Data(sharded.outputBytes)) as? [String: Any])
    let listing = try Program(path: "/bin/sh").run(
      ["-c", "sha256sum *.safetensors | sha256sum"], in: Sample.sharded)
    #expect((object["a"] as? [String: Any])?["sha256"] as? String == String(listing.output.prefix(64)))
  }

  @Test func anExistingCertificateStaysWithoutForce() throws {
    let folder = try models()
    try folder.write([1, 2, 3], to: "c.json")
    let result = try verify(folder, "m", "-o", "c.json")
    #expect(result.exitCode == 73 && result.output == "")
    #expect(
      result.errors == "tare: c.json: exists already\nhint: --force overwrites it\n")
    #expect(try folder.read("c.json") == [1, 2, 3])
    #expect(try verify(folder, "m", "-o", "c.json", "--force").exitCode == 0)
    #expect(try folder.read("c.json").first == UInt8(ascii: "{"))
  }

  @Test func aCertificateThatCannotBeWrittenLeavesNothing() throws {
    let folder = try models()
    let unwritable = try verify(folder, "m", "-o", "/proc/c.json")
    #expect(unwritable.exitCode == 73 && unwritable.output == "")
    // A limit on the size of files stands in for a full disk.
    let script = #"trap '' XFSZ; ulimit -f 4; exec "$0" "$@""#
    let full = try Program(path: "/bin/sh").run(
      ["-c", script, tare.path, "verify", "m", "-o", "c.json"], in: folder.path)
    #expect(full.exitCode == 74 && full.output == "")
    #expect(full.errors == "tare: c.json: writing failed: File too large\n")
    #expect(folder.names == ["m", "m.tare", "other"])
  }

  @Test func whatIsNoCertificateIsOneErrorLine() throws {
    let folder = try models()
    #expect(
      try verify(folder, "m", "--certificate", "m").errors
        == "tare: m: expected an object for a certificate, found byte 0xC0 (at byte 0)\n")
    #expect(try verify(folder, "m", "--certificate", "m").exitCode == 65)
    #expect(try verify(folder, "m", "--certificate", "nothing").exitCode == 66)
    try folder.write(Array(#"{"tare_certificate":2}"#.utf8), to: "c")
    #expect(try verify(folder, "m", "--certificate", "c").exitCode == 69)
  }

  @Test(arguments: [
    ["m", "--force"], ["m", "--rename", "a=b"], ["m", "-o", "c", "--tensor", "x"], ["m", "--tolerance", "abs=1"],
    ["m", "--certificate", "c", "-o", "d"], ["m", "m", "--certificate", "c", "--tolerance", "value"],
    ["m", "m", "--certificate", "c", "--exclude", "x"], ["m", "m", "--rename", "a"], ["m", "m", "--rename", "*=b"],
  ]) func optionsThatHaveNoEffectAreRefused(arguments: [String]) throws {
    #expect(try tare.run(["verify"] + arguments).exitCode == 64)
  }
}
