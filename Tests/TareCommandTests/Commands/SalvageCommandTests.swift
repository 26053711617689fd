import Foundation
import Glibc
import Testing

/// `tare unpack --salvage` as a user runs it.
@Suite struct SalvageCommandTests {
  private let tare = Program.tare

  /// A folder with the demo model and its packed form with bytes changed at `places`, negative ones counted from the end.
  private func damaged(_ places: Int...) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try tare.run(["pack", Sample.demo, "-o", "m.tare"], in: folder.path)
    var packed = try folder.read("m.tare")
    for place in places { packed[place < 0 ? packed.count + place : place] ^= 0x55 }
    try folder.write(packed, to: "m.tare")
    return folder
  }

  /// Bytes of the demo model's header, its length included.
  private static let headerBytes = 2248

  @Test func whatIsWholeComesBackAndTheRestIsNamed() throws {
    let folder = try damaged(30_000)
    #expect(try tare.run(["unpack", "m.tare"], in: folder.path).exitCode == 65)
    let result = try tare.run(["unpack", "--salvage", "m.tare"], in: folder.path)
    #expect(result.exitCode == 1 && result.errors == "")
    let found = try #require(
      try /(\S+): bytes (\d+) to (\d+) are lost: the checksum of chunk 0 does not hold \(at byte \d+\)\n/
        .firstMatch(in: result.output)?.output)
    let (start, end) = try (#require(Int(found.2)), #require(Int(found.3)))
    #expect(
      result.output.dropFirst(found.0.count)
        == "m.salvaged: 234 kB, of which 8.19 kB are lost and zeros instead; 21 of 22 tensors are whole\n")
    var expected = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Sample.demo)))
    expected.replaceSubrange(start..<end, with: repeatElement(0, count: end - start))
    #expect(try folder.read("m.salvaged") == expected)
    #expect(folder.names == ["m.salvaged", "m.tare"])
    let json = try tare.run(["unpack", "--salvage", "m.tare", "--json", "-o", "other"], in: folder.path)
    let object = try #require(JSONSerialization.jsonObject(with: Data(json.outputBytes)) as? [String: Any])
    let item = try #require((object["unpacked"] as? [[String: Any]])?.first)
    #expect(item["whole_tensors"] as? Int == 21 && item["lost_bytes"] as? Int == end - start)
    let lost = try #require((item["lost"] as? [[String: Any]])?.first)
    #expect(lost["tensor"] as? String == String(found.1) && lost["from"] as? Int == start && lost["to"] as? Int == end)
  }

  @Test func aLostHeaderIsMadeAnewSoThatItsTensorsCanBeRead() throws {
    let folder = try damaged(240)
    let result = try tare.run(["unpack", "--salvage", "m.tare"], in: folder.path)
    #expect(result.exitCode == 1)
    #expect(result.output.contains("bytes 0 to \(Self.headerBytes) are lost: "))
    #expect(result.output.contains("\nthe header is made anew from the index, without metadata\n"))
    let compared = try tare.run(["verify", "m.salvaged", Sample.demo], in: folder.path)
    #expect(compared.exitCode == 0)
    #expect(compared.output.hasPrefix("note: the metadata differs in 'format'"))
  }

  @Test func whatIsUndamagedIsTheOriginal() throws {
    let whole = try damaged()
    let result = try tare.run(["unpack", "--salvage", "m.tare"], in: whole.path)
    #expect(result.exitCode == 0)
    #expect(result.output == "m.salvaged: 234 kB, every checksum holds: this is the original\n")
    let outer = try damaged(3)
    #expect(try tare.run(["unpack", "m.tare"], in: outer.path).exitCode == 65)
    let salvaged = try tare.run(["unpack", "--salvage", "m.tare"], in: outer.path)
    #expect(salvaged.exitCode == 0)
    #expect(salvaged.output.hasPrefix("the outer header of m.tare, which costs nothing: "))
    #expect(try outer.read("m.salvaged") == whole.read("m.salvaged"))
  }

  @Test func withoutItsIndexNothingCanBeSalvaged() throws {
    for place in [-10, -100] {
      let folder = try damaged(place)
      let result = try tare.run(["unpack", "--salvage", "m.tare"], in: folder.path)
      #expect(result.exitCode == 65 && result.errorLines.count == 1)
      #expect(folder.names == ["m.tare"])
    }
  }

  @Test func aFolderIsSalvagedFileByFile() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path("d/e"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Sample.demo, toPath: folder.path("d/e/m.safetensors"))
    let text = Array(String(repeating: "a configuration\n", count: 100).utf8)
    try folder.write(text, to: "d/config.txt")
    _ = try tare.run(["pack", "d"], in: folder.path)
    var packed = try folder.read("d.tare")
    packed[30_000] ^= 1
    try folder.write(packed, to: "d.tare")
    let result = try tare.run(["unpack", "--salvage", "d.tare"], in: folder.path)
    #expect(result.exitCode == 1)
    #expect(result.output.hasPrefix("e/m.safetensors: model.layers."))
    #expect(try folder.read("d.salvaged/config.txt") == text)
    let compared = try tare.run(["verify", "d.salvaged/e/m.safetensors", Sample.demo], in: folder.path)
    #expect(compared.output.hasSuffix("different: 1 of 22 tensors differs\n"))
    #expect(folder.names == ["d", "d.salvaged", "d.tare"])
  }

  @Test func anExistingOutputStaysAndAFullDiskLeavesNothing() throws {
    let folder = try damaged(30_000)
    try folder.write([1], to: "m.salvaged")
    #expect(try tare.run(["unpack", "--salvage", "m.tare"], in: folder.path).exitCode == 73)
    #expect(try folder.read("m.salvaged") == [1])
    let script = #"trap '' XFSZ; ulimit -f 64; exec "$0" "$@""#
    let arguments = ["-c", script, tare.path, "unpack", "--salvage", "m.tare", "-o", "x"]
    #expect(try Program(path: "/bin/sh").run(arguments, in: folder.path).exitCode == 74)
    #expect(folder.names == ["m.salvaged", "m.tare"])
  }
}
