import Foundation
import Tare
import Testing

// The snippet of README.md, word for word.
func packAndReport(_ path: String) throws {
  let model = try ContainerRegistry.open(path: path)
  for tensor in try ModelInspection.run(model).tensors {
    print(tensor.info.name, tensor.info.dtype.name, tensor.values?.sparsity ?? 0)
  }
  let source = try PackSource.open(path: path)
  let report = try Packer.pack(source, into: OutputFile(path: path + ".tare"), PackOptions(threads: 4))
  print("\(report.byteCount) bytes became \(report.packedBytes)")
}
// End of the snippet.

/// What README.md shows is what happens. Sizes of packed files may move a little; they are compared as `#`.
@Suite struct ReadmeTests {
  private let readme: String

  init() throws { readme = try String(contentsOfFile: Repository.path("README.md"), encoding: .utf8) }

  private func block(_ language: String) throws -> [String] {
    let lines = readme.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let start = try #require(lines.firstIndex(of: "```" + language))
    return Array(lines[(start + 1)...].prefix { $0 != "```" })
  }

  /// Figures of packing, and the room around them, become `#`.
  private func masked(_ line: String) -> String {
    guard line.contains("packed into") || line.hasPrefix("Packed:") || line.contains(/B +[\d.]+%$/) else { return line }
    return line.replacing(/(\s*[\d.]+ k?B\s+[\d.]+%$|packed into [\d.]+ kB, [\d.]+ %|to [\d.]+ kB, [\d.]+%)/, with: "#")
  }

  @Test func transcriptIsWhatTheToolSays() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Sample.demo, toPath: folder.path("model.safetensors"))
    var said: [String] = []
    let shown = try block("console")
    for line in shown where line.hasPrefix("$ tare ") {
      let words = line.split(separator: " ").dropFirst(2).map(String.init)
      let result = try Program.tare.run(words, environment: ["COLUMNS": "80"], in: folder.path)
      #expect(result.exitCode == 0 && result.errors == "")
      said += [line] + result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
    #expect(said.map(masked) == (shown + [""]).map(masked))
    #expect(said.count > 20)
  }

  @Test func snippetCompilesAndPacks() throws {
    let source = try String(contentsOfFile: #filePath, encoding: .utf8)
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let start = try #require(lines.firstIndex { $0.hasPrefix("func packAndReport") })
    let end = try #require(lines.firstIndex(of: "// End of the snippet."))
    #expect(try block("swift") == ["import Tare", ""] + lines[start..<end])
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Sample.demo, toPath: folder.path("m"))
    try packAndReport(folder.path("m"))
    #expect(folder.names == ["m", "m.tare"])
  }
}
