import Foundation
import MemoryModel
import TensorModel
import Testing

@testable import Verification

/// Certificates as files: what is written is read, and what lies is refused with its place.
@Suite struct CertificateTests {
  private func digest(_ text: String) -> SHA256Digest { SHA256.hash(Array(text.utf8)) }

  private func model(_ name: String, _ tensors: [(String, String)]) -> Certificate.Model {
    Certificate.Model(
      name: name, format: "safetensors",
      files: FileDigests(files: [FileDigests.File(path: name, byteCount: 7, sha256: digest(name))]),
      values: ValueDigests(
        tensors: tensors.map { ValueDigests.Tensor(name: $0.0, dtype: "F32", shape: [2, 3], sha256: digest($0.1)) }))
  }

  private func parse(_ text: String) throws -> Certificate {
    let path = NSTemporaryDirectory() + "tare-certificate-\(UUID().uuidString)"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    do throws(ModelError) {
      return try Certificate(path: path)
    } catch {
      var error = error
      #expect(error.context.first == path)
      error.context.removeFirst()
      throw error
    }
  }

  private var sample: Certificate {
    get throws {
      Certificate(
        tool: "0.1.0", a: model("a\u{e9}\"\n", [("x", "1"), ("", "2")]),
        comparison: Certificate.Comparison(
          verdict: .withinTolerance, tolerance: .absolute(1e-3), renaming: [try RenameRule("a.*=b.*")],
          b: model("b", [("y", "3")])))
    }
  }

  @Test func sha256IsThatOfTheStandard() {
    // The examples of FIPS 180-4: no bytes, "abc", and two blocks.
    #expect(digest("").description == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(digest("abc").description == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").description
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(SHA256Digest(digest("abc").description) == digest("abc"))
    #expect(SHA256Digest(digest("abc").description.uppercased()) == nil)
  }

  @Test func whatIsWrittenIsRead() throws {
    let sample = try sample
    #expect(try parse(sample.json()) == sample)
    let one = Certificate(tool: "0.1.0", a: model("a", []))
    #expect(try parse(one.json()) == one)
  }

  @Test func everyTruncationIsRefused() throws {
    let text = try sample.json().dropLast()
    for count in stride(from: 0, to: text.utf8.count, by: 7) {
      #expect(throws: ModelError.self) { try parse(String(decoding: text.utf8.prefix(count), as: UTF8.self)) }
    }
  }

  @Test func everyChangedCharacterOfADigestOrANameOfATensorIsFound() throws {
    let text = try sample.json()
    let x = digest("1").description
    #expect(throws: ModelError.self) { try parse(text.replacing(x, with: x.replacing("6", with: "7"))) }
    #expect(throws: ModelError.self) { try parse(text.replacing(#""name": "x""#, with: #""name": "z""#)) }
    #expect(throws: ModelError.self) { try parse(text.replacing("[2, 3]", with: "[3, 2]", maxReplacements: 1)) }
  }

  @Test(arguments: [
    (
      #""tare_certificate": 1"#, #""tare_certificate": 2"#,
      "certificate of version 2, this build reads version 1 (at byte 24)"
    ),
    (#""tare_certificate": 1"#, #""tare": "1""#, "expected the key 'tare_certificate' first, found 'tare' (at byte 4)"),
    (#""tare": "0.1.0""#, #""tare": 1"#, "expected a string for tare, found '1' (at byte 37)"),
    (#""tare": "0.1.0""#, #""more": 1"#, "a certificate has no key 'more' (at byte 29)"),
    (#""tare": "0.1.0""#, #""tare": "0.1.0", "tare": "0.1.0""#, "the key 'tare' comes twice (at byte 46)"),
    (
      #""verdict": "within tolerance""#, #""verdict": "intact""#,
      "verdict 'intact' of two models, expected that of a comparison"
    ),
    (
      #""tolerance": "abs=0.001""#, #""tolerance": "abs=x""#,
      "'tolerance' is 'abs=x': expected exact, value, abs=X or rel=X with X from 0, or sqnr=DB (at byte 94)"
    ),
    (#""bytes": 7"#, #""bytes": 9223372036854775808"#, "model a: 'bytes' is 2^63 or more (at byte 261)"),
    (
      #""bytes": 7"#, #""bytes": -7"#,
      "model a: expected an integer from 0 to 2^64 - 1 for bytes, found '-7' (at byte 261)"
    ),
    (#""format": "safetensors","#, "", "model a: the key 'format' is missing (at byte 135)"),
  ]) func whatIsWrongIsNamed(old: String, new: String, message: String) throws {
    let text = try sample.json()
    #expect(text.contains(old))
    let error = #expect(throws: ModelError.self) { try parse(text.replacing(old, with: new, maxReplacements: 1)) }
    #expect(error?.description == message)
  }

  @Test func nestingAndSizeHaveTheirLimits() {
    let deep = #"{"tare_certificate": 1, "tare": "#
    #expect(throws: ModelError.self) { try parse(deep + String(repeating: "[", count: 100_000)) }
    let shape = "[" + (0..<1025).map { _ in "1" }.joined(separator: ",") + "]"
    #expect(throws: ModelError.self) { try parse(try sample.json().replacing("[2, 3]", with: shape)) }
  }

  @Test func theDigestOfValuesDependsOnTensorsAlone() throws {
    var random = SeededRandom("digest")
    let x = MemoryModel.Tensor("x", .bf16, [70, 11], random.bytes(1540))
    let y = MemoryModel.Tensor("y", .u8, [], [1])
    let empty = MemoryModel.Tensor("z", .f32, [0], [])
    let one = try ValueDigests.of(MemoryModel([x, y, empty], path: "/dev/null", chunkBytes: 22), threads: 2)
    let other = try ValueDigests.of(MemoryModel([empty, y, x], path: "/dev/null", chunkBytes: 400), threads: 1)
    #expect(one.sha256 == other.sha256)
    #expect(one.tensors[0].sha256 == SHA256.hash(x.bytes))
    #expect(one.tensors[2].sha256 == digest(""))
    let reshaped = MemoryModel.Tensor("x", .bf16, [11, 70], x.bytes)
    #expect(try ValueDigests.of(MemoryModel([reshaped, y, empty], path: "/dev/null"), threads: 1).sha256 != one.sha256)
  }

  @Test func aRepeatedBlockOfEnormousSizeIsNotHashed() {
    let huge = MemoryModel([MemoryModel.Tensor("x", .f32, [1 << 40], repeating: [0, 0, 0, 0])], path: "/dev/null")
    #expect(throws: ModelError.self) { try ValueDigests.of(huge, threads: 1) }
  }

  @Test func aModelIsHeldAgainstTheOneThatItResembles() throws {
    let sample = try sample
    func check(_ models: Certificate.Model...) throws -> CertificateCheck {
      try CertificateCheck(sample, path: "c", models.map { ("m", $0) })
    }
    #expect(try check(model("m", [("", "2"), ("x", "1")])).findings[0].certifiedAs == "a")
    #expect(try check(model("m", [("y", "3")])).findings[0].certifiedAs == "b")
    #expect(try check(model("m", [("x", "1"), ("", "2")]), model("m", [("y", "3")])).verdict == .identical)
    #expect(try check(model("m", [("y", "3")]), model("m", [("y", "3")])).verdict == .different)
    let changed = try check(model("m", [("x", "9"), ("new", "2")]))
    #expect(
      changed.text() == """
        x: not as certified in m
        new: only in m
        : not in m
        m: 3 tensors not as in model a of the certificate, aé"\\u{a}
        different: c certifies something else

        """)
    let one = Certificate(tool: "1", a: sample.a)
    #expect(throws: ModelError.self) { try CertificateCheck(one, path: "c", [("m", sample.a), ("m", sample.a)]) }
  }
}
