import Encodings
import Foundation
import Kernels
import Testing

/// The golden packed files of `testdata/packed`: what was packed once is read for ever, by `tare` and by the decoder in
/// Python.
@Suite struct GoldenPackedTests {
  private static let folder = Repository.path("testdata/packed")

  private struct Row {
    let golden, path, mode: String
    let byteCount: Int
    let hash: String
    let encodings: [String]
    /// The golden that is its base; empty where it needs none.
    let base: String

    var baseArguments: [String] { base.isEmpty ? [] : ["--base", base] }

    /// Where it lies once its golden is unpacked to `output`.
    func place(in output: String) -> String { path.isEmpty ? output : output + "/" + path }
  }

  private static func rows() throws -> [Row] {
    let table = try String(contentsOfFile: folder + "/expected.tsv", encoding: .utf8)
    return try table.split(separator: "\n").dropFirst().map { line in
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      return Row(
        golden: cells[0], path: cells[1], mode: cells[2], byteCount: try #require(Int(cells[3])), hash: cells[4],
        encodings: cells[5].split(separator: ",").map(String.init), base: cells[6])
    }
  }

  private static func goldens() throws -> [String: [Row]] { Dictionary(grouping: try rows(), by: \.golden) }

  /// What differs between unpacked files and what the table says.
  private func differences(_ rows: [Row], in output: String) throws -> [String] {
    try rows.compactMap { row in
      let path = row.place(in: output)
      guard let data = FileManager.default.contents(atPath: path) else {
        return "\(row.golden): \(row.path) is missing"
      }
      let hash = String(XXH3.hash([UInt8](data)), radix: 16)
      guard data.count == row.byteCount, String(repeating: "0", count: 16 - hash.count) + hash == row.hash else {
        return "\(row.golden): \(row.path) has other bytes"
      }
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      guard row.mode.isEmpty || mode == Int(row.mode, radix: 8) else {
        return "\(row.golden): \(row.path) has mode \(mode ?? -1)"
      }
      return nil
    }
  }

  @Test func everyGoldenUnpacksToTheBytesItWasMadeOf() throws {
    let out = try TemporaryFolder()
    for (golden, rows) in try Self.goldens() {
      let output = out.path(golden)
      let result = try Program.tare.run(["unpack", golden, "-o", output] + rows[0].baseArguments, in: Self.folder)
      #expect(result.exitCode == 0, "\(golden): \(result.errors)")
      #expect(try differences(rows, in: output) == [])
      if !rows[0].path.isEmpty {
        let files = FileManager.default.enumerator(atPath: output)?.compactMap { $0 as? String } ?? []
        let folders = ["tokenizer"]
        #expect(files.filter { !folders.contains($0) }.sorted() == rows.map(\.path).sorted())
      }
    }
  }

  @Test func everyGoldenIsSound() throws {
    let rows = try Self.goldens()
    let goldens = rows.keys.sorted()
    for golden in goldens {
      let result = try Program.tare.run(["verify", golden] + rows[golden]![0].baseArguments, in: Self.folder)
      #expect(result.exitCode == 0, "\(golden): \(result.output)")
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter { $0.hasSuffix(".tare") }
    #expect(files.sorted() == goldens)
  }

  @Test func everyEncodingIsInAGolden() throws {
    let used = Set(try Self.rows().flatMap(\.encodings))
    for encoding in EncodingRegistry.all where encoding.id != "none" {
      #expect(used.contains(encoding.id), "\(encoding.id)")
    }
  }

  @Test func theDecoderInPythonAgrees() throws {
    let python = try #require(Program.python)
    let out = try TemporaryFolder()
    let script = """
      import sys
      sys.path.insert(0, sys.argv[1])
      import tare_decode
      for name, base in (argument.split(",") for argument in sys.argv[3:]):
          base = ["--base", base] if base else []
          assert tare_decode.main([name, sys.argv[2] + "/" + name, *base]) == 0, name
          assert tare_decode.main([name, "--check", *base]) == 0, name
      """
    let goldens = try Self.goldens()
    let result = try python.run(
      ["-B", "-c", script, Repository.path("formats/decoder"), out.path]
        + goldens.keys.sorted().map { "\($0),\(goldens[$0]![0].base)" }, in: Self.folder)
    #expect(result.exitCode == 0, "\(result.errors)")
    for (golden, rows) in goldens { #expect(try differences(rows, in: out.path(golden)) == []) }
  }

  @Test func safetensorsInPythonListsEachOfThem() throws {
    let python = try #require(Program.python)
    let script = """
      import sys
      from safetensors import safe_open
      for name in sys.argv[1:]:
          with safe_open(name, "numpy") as file:
              names = file.keys()
              assert "tare:index" in names and file.metadata()["format"] == "tare", name
              print(name, len(names))
      """
    let goldens = try Self.goldens().keys.sorted()
    let result = try python.run(["-c", script] + goldens, in: Self.folder)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.split(separator: "\n").count == goldens.count)
  }
}
