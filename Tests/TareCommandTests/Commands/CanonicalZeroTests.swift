import Foundation
import Testing

/// `tare pack --canonical-zero`: the sign of zeros is lost, and nothing else; every command says so.
@Suite struct CanonicalZeroTests {
  private let tare = Program.tare

  /// A folder with `m`, tensors of several types that hold −0 between other words, and `m.tare`, packed so.
  private func packed() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(Self.model(), to: "m")
    let result = try tare.run(["pack", "m", "--canonical-zero"], in: folder.path)
    #expect(result.exitCode == 0)
    #expect(result.output.hasSuffix(" of m; 13 zeros that were −0 are +0\n"))
    return folder
  }

  private static func model() -> [UInt8] {
    let tensors: [(String, String, String, [UInt8])] = [
      // −0, NaN with a payload, the smallest negative subnormal, +0.
      ("bf16", "BF16", "[4]", [0, 0x80, 0xA1, 0xFF, 1, 0x80, 0, 0]),
      ("c64", "C64", "[1]", [0, 0, 0, 0x80, 0, 0, 0, 0x80]),
      // Bits of a −0 that are an integer's, or a NaN's.
      ("i16", "I16", "[1]", [0, 0x80]), ("fnuz", "F8_E4M3FNUZ", "[1]", [0x80]),
      ("f8", "F8_E5M2", "[3]", [0x80, 0, 0x81]),
      ("f6", "F6_E2M3", "[4]", [0x20, 0x08, 0x82]), ("f4", "F4", "[4]", [0x88, 0x08]),
      // Stored once, but in the file twice.
      ("tied.a", "F16", "[2]", [0, 0x80, 1, 0x80]), ("tied.b", "F16", "[2]", [0, 0x80, 1, 0x80]),
    ]
    var header = #"{"__metadata__":{"format":"pt"}"#
    var data: [UInt8] = []
    for (name, dtype, shape, bytes) in tensors {
      header +=
        #","\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":[\#(data.count),\#(data.count + bytes.count)]}"#
      data += bytes
    }
    header += "}"
    return (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) } + Array(header.utf8) + data
  }

  @Test func signOfZerosIsLostAndNothingElse() throws {
    let folder = try packed()
    let unpacked = try tare.run(["unpack", "m.tare", "-o", "back"], in: folder.path)
    #expect(unpacked.output == "back: 606 B, every checksum holds; 13 zeros that were −0 are +0\n")
    let data: [UInt8] =
      [0, 0, 0xA1, 0xFF, 1, 0x80, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 0] + [0, 0x80] + [0x80] + [0, 0, 0x81]
      + [0, 0, 0] + [0, 0] + [0, 0, 1, 0x80, 0, 0, 1, 0x80]
    let original = try folder.read("m")
    #expect(try folder.read("back") == Array(original.dropLast(data.count)) + data)
    // What comes back has no −0 any more.
    let again = try tare.run(["pack", "back", "--canonical-zero", "--json"], in: folder.path)
    #expect(!again.output.contains("canonical_zeros"))
    #expect(!(try tare.run(["inspect", "back.tare"], in: folder.path).output.contains("canonical")))
  }

  @Test func verifyTellsThatValuesAreEqualAndBitsAreNot() throws {
    let folder = try packed()
    let note = "note: m.tare was packed with --canonical-zero: 13 zeros that were −0 are +0\n"
    let exact = try tare.run(["verify", "m.tare", "m"], in: folder.path)
    #expect(exact.exitCode == 1)
    #expect(
      exact.output.hasSuffix(
        note + "different: 7 of 9 tensors differ, all in the sign of zero or the kind of NaN alone "
          + "(--tolerance value lets that pass)\n"))
    let value = try tare.run(["verify", "m.tare", "m", "--tolerance", "value"], in: folder.path)
    #expect(value.exitCode == 0)
    #expect(
      value.output == note
        + "equal: 9 tensors; in 7 of them bits differ, in the sign of zero or the kind of NaN\n")
    let alone = try tare.run(["verify", "m.tare"], in: folder.path)
    #expect(alone.exitCode == 0)
    #expect(alone.output.hasPrefix(note + "intact: 9 tensors"))
    let json = try tare.run(["verify", "m.tare", "m", "--json"], in: folder.path).output
    #expect(json.contains("\"canonical_zeros\": 13"))
  }

  @Test func inspectSaysSo() throws {
    let folder = try packed()
    let text = try tare.run(["inspect", "m.tare"], in: folder.path).output
    #expect(text.contains("\nNot the original: 13 zeros were −0 (--canonical-zero).\n"))
    let json = try tare.run(["inspect", "m.tare", "--json", "--header-only"], in: folder.path).output
    #expect(json.contains("\"canonical_zeros\": 13,\n"))
    let unpacked = try tare.run(["unpack", "m.tare", "--json", "-o", "c"], in: folder.path).output
    #expect(unpacked.contains("\"canonical_zeros\": 13\n"))
  }

  /// Large chunks, several threads, every level: the bytes are those of the cleared model, packed plainly.
  @Test(arguments: [1, 3, 9])
  func packsAsTheClearedModelWould(level: Int) throws {
    let folder = try TemporaryFolder()
    let options = ["--level", "\(level)"]
    let result = try tare.run(
      ["pack", Sample.demo, "-o", "a.tare", "--canonical-zero", "--threads", "3"] + options, in: folder.path)
    #expect(result.output.hasSuffix("; 26623 zeros that were −0 are +0\n"))
    _ = try tare.run(["unpack", "a.tare", "-o", "a"], in: folder.path)
    _ = try tare.run(["pack", "a", "-o", "b.tare"] + options, in: folder.path)
    _ = try tare.run(
      ["pack", Sample.demo, "-o", "c.tare", "--canonical-zero", "--threads", "1"] + options, in: folder.path)
    #expect(try folder.read("a.tare") == folder.read("c.tare"))
    let (a, b) = (try folder.read("a.tare"), try folder.read("b.tare"))
    // The header alone differs, and what hangs on its length.
    #expect(a.count - b.count <= 64)
    let values = try tare.run(["verify", "a", Sample.demo, "--tolerance", "value"], in: folder.path)
    #expect(values.exitCode == 0)
    #expect(try tare.run(["inspect", "a", "--json"], in: folder.path).output.contains("\"negative_zeros\": 0,"))
  }

  @Test func lossIsNoOriginalWhenSalvaged() throws {
    let folder = try packed()
    let result = try tare.run(["unpack", "m.tare", "--salvage"], in: folder.path)
    #expect(result.output == "m.salvaged: 606 B, every checksum holds; 13 zeros that were −0 are +0\n")
  }
}
