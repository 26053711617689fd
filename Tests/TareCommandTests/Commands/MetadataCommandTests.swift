import Foundation
import Testing

/// Metadata with types, through whole commands (formats/metadata.md).
@Suite struct MetadataCommandTests {
  private let tare = Program.tare

  /// The canonical form of a list with one value of each kind.
  private static let list =
    #"[{"key":"general.name","type":"string","value":"tiny"},{"key":"layers","type":"u32","value":2},"#
    + #"{"key":"seed","type":"u64","value":"18446744073709551615"},{"key":"nan","type":"f32","value":"nan:ffc00001"},"#
    + #"{"key":"low","type":"f64","value":-5e-324},{"key":"raw","type":"string","value":{"hex":"61ff"}},"#
    + #"{"key":"grid","type":"i8[]","shape":[2,2],"value":[1,-2,3,-4]},{"key":"none","type":"f16[]","value":[]},"#
    + #"{"key":"nested","type":"array[]","value":[{"type":"bool[]","value":[true]},{"type":"string[]","value":["a"]}]}"#

  /// A file with one tensor and that list, and what `tokens` adds to it.
  private static func file(tokens: Int = 0) throws -> [UInt8] {
    let words = (0..<tokens).map { "\"token \($0)\"" }.joined(separator: ",")
    let list = list + (tokens > 0 ? #",{"key":"tokens","type":"string[]","value":[\#(words)]}]"# : "]")
    let copies =
      #""general.name":"tiny","layers":"2","seed":"18446744073709551615","nan":"nan:ffc00001","low":"-5e-324""#
    guard tokens > 0 else {
      let quoted = list.replacing("\"", with: "\\\"")
      return header(
        #"{"__metadata__":{\#(copies),"tare.metadata":"\#(quoted)"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
      )
        + [1, 2, 3, 4]
    }
    let end = 4 + list.utf8.count
    return header(
      #"{"__metadata__":{\#(copies),"tare.metadata":"{\"tensor\":\"tare.metadata\"}"},"#
        + #""w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
        + #""tare.metadata":{"dtype":"U8","shape":[\#(list.utf8.count)],"data_offsets":[4,\#(end)]}}"#)
      + [1, 2, 3, 4] + Array(list.utf8)
  }

  private static func header(_ text: String) -> [UInt8] {
    let padded = text + String(repeating: " ", count: (8 - text.utf8.count % 8) % 8)
    return (0..<8).map { UInt8(truncatingIfNeeded: padded.utf8.count >> (8 * $0)) } + Array(padded.utf8)
  }

  @Test func inspectShowsTypedValues() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.file(), to: "m.safetensors")
    let text = try tare.run(["inspect", "m.safetensors", "--header-only"], in: folder.path)
    #expect(
      text.output.hasPrefix(
        """
        m.safetensors
        safetensors, 836 B, 1 tensor
          general.name: tiny
          layers: 2
          seed: 18446744073709551615
          nan: nan:ffc00001
          low: -5e-324
          raw: a\u{FFFD}
          grid: i8[2×2] [1, -2, 3, -4]
          none: []
          … and 1 more

        """))
    let json = try tare.run(["inspect", "m.safetensors", "--header-only", "--json"], in: folder.path)
    #expect(
      json.output.contains(
        """
              "metadata": {
                "general.name": "tiny",
                "layers": 2,
                "seed": "18446744073709551615",
                "nan": "nan",
                "low": -5e-324,
                "raw": "a\u{FFFD}",
                "grid": [[1, -2], [3, -4]],
                "none": [],
                "nested": [[true], ["a"]]
              },
        """))
  }

  /// Through every container and cut that there is: what comes back is the file, byte for byte.
  @Test(arguments: [0, 9_000])
  func everyValueComesBackThroughEveryContainer(tokens: Int) throws {
    let folder = try TemporaryFolder()
    let original = try Self.file(tokens: tokens)
    try folder.write(original, to: "m.safetensors")
    for arguments in [
      ["convert", "m.safetensors", "again.safetensors", "--verify"],
      ["convert", "m.safetensors", "p.tare", "--verify"],
      ["convert", "p.tare", "back.safetensors", "--verify"], ["convert", "m.safetensors", "cut/", "--shard", "1"],
      ["convert", "cut", "joined.safetensors", "--verify"], ["pack", "m.safetensors"],
      ["unpack", "m.safetensors.tare", "-o", "unpacked"], ["verify", "m.safetensors", "m.safetensors.tare"],
    ] {
      let result = try tare.run(arguments, in: folder.path)
      #expect(result.exitCode == 0, "\(arguments): \(result.output)\(result.errors)")
      #expect(!result.output.contains("metadata"), "\(arguments): \(result.output)")
    }
    for name in ["again.safetensors", "back.safetensors", "joined.safetensors", "unpacked"] {
      #expect(try folder.read(name) == original, "\(name)")
    }
    let tensors = try tare.run(["inspect", "p.tare", "--format", "csv", "--header-only"], in: folder.path).output
    #expect(tensors.split(separator: "\n").count == 2)
  }

  @Test func theFormIsJSONForOthers() throws {
    let python = try #require(Program.python)
    let folder = try TemporaryFolder()
    try folder.write(Self.file(tokens: 9_000), to: "m.safetensors")
    let script = """
      import json, math, struct
      from safetensors import safe_open
      with safe_open("m.safetensors", "numpy") as file:
          pairs, text = file.metadata(), file.get_tensor("tare.metadata").tobytes()
      assert json.loads(pairs["tare.metadata"]) == {"tensor": "tare.metadata"}
      values = {entry["key"]: entry["value"] for entry in json.loads(text)}
      assert list(values) == "general.name layers seed nan low raw grid none nested tokens".split()
      assert int(values["seed"]) == 2**64 - 1 and values["low"] == -5e-324 and len(values["tokens"]) == 9000
      assert math.isnan(struct.unpack(">f", bytes.fromhex(values["nan"][4:]))[0])
      assert bytes.fromhex(values["raw"]["hex"]) == b"a\\xff" and pairs["layers"] == "2"
      """
    let result = try python.run(["-c", script], in: folder.path)
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  @Test func verifyTellsTypesApart() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.file(), to: "a")
    let plain = #"{"__metadata__":{"layers":"2"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    try folder.write(Self.header(plain) + [1, 2, 3, 4], to: "b")
    let result = try tare.run(["verify", "a", "b", "--json"], in: folder.path)
    #expect(result.exitCode == 0)
    #expect(
      result.output.contains(
        """
            {
              "key": "layers",
              "a": {
                "type": "u32",
                "value": 2
              },
              "b": "2"
            },
        """))
  }

  @Test func brokenListIsOneErrorLine() throws {
    let folder = try TemporaryFolder()
    let text = String(decoding: try Self.file(), as: UTF8.self).replacing(#""layers":"2""#, with: #""layers":"3""#)
    try folder.write(Array(text.utf8), to: "m.safetensors")
    let result = try tare.run(["pack", "m.safetensors"], in: folder.path)
    #expect(result.exitCode == 65)
    #expect(
      result.errorLines == [
        "tare: m.safetensors: 'tare.metadata': key 'layers' is '3' in '__metadata__' and '2' in 'tare.metadata' "
          + "(at byte 143)"
      ])
    #expect(folder.names == ["m.safetensors"])
  }
}
