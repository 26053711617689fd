import Foundation
import Testing

/// The crafted packed files of `testdata/hostile/packed`: what each command says to them, exactly, and that nothing of
/// its output is left.
@Suite struct HostilePackedTests {
  private static let folder = Repository.path("testdata/hostile/packed")

  struct Row: CustomTestStringConvertible, Sendable {
    let file: String
    /// Exit code and first line of `inspect --header-only`, `verify` and `unpack`.
    let says: [(code: String, line: String)]
    var testDescription: String { file }
  }

  private static func rows() throws -> [Row] {
    let table = try String(contentsOfFile: folder + "/expected.tsv", encoding: .utf8)
    return table.split(separator: "\n").dropFirst().map { line in
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      return Row(file: cells[0], says: stride(from: 1, to: 7, by: 2).map { (cells[$0], cells[$0 + 1]) })
    }
  }

  @Test func everyFileIsInTheTable() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter { $0.hasSuffix(".tare") }
    #expect(try Self.rows().map(\.file).sorted() == files.sorted())
    #expect(files.count > 150)
  }

  @Test func eachLieGetsItsOneErrorAndLeavesNothing() throws {
    let out = try TemporaryFolder()
    for row in try Self.rows() {
      let commands = [
        ["inspect", "--header-only", row.file], ["verify", row.file], ["unpack", row.file, "-o", out.path + "/out"],
      ]
      for (command, expected) in zip(commands, row.says) {
        let result = try Program.tare.run(command, in: Self.folder)
        let said = result.errors.isEmpty && result.exitCode != 0 ? result.output : result.errors
        let line = said.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        #expect("\(result.exitCode ?? -1)" == expected.code, "\(row.file): \(command[0])")
        #expect(line == expected.line, "\(row.file): \(command[0])")
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: out.path)
      #expect(left == (row.says[2].code == "0" ? ["out"] : []), "\(row.file)")
      for name in left { try FileManager.default.removeItem(atPath: out.path + "/" + name) }
    }
  }

  @Test func anUnknownEncodingBlocksItsTensorAlone() throws {
    let blocked = try Program.tare.run(["cat", "encoding_unknown.tare", "a", "--format", "raw"], in: Self.folder)
    #expect(blocked.exitCode == 69)
    let other = try Program.tare.run(["cat", "encoding_unknown.tare", "b", "--format", "raw"], in: Self.folder)
    #expect(other.exitCode == 0 && other.outputBytes == Array(11...18))
  }

  @Test func theDecoderInPythonRefusesWhatTareRefuses() throws {
    let python = try #require(Program.python)
    // One process for all: any other error than the decoder's own is a defect and ends it.
    let script = """
      import contextlib, os, sys
      sys.path.insert(0, sys.argv[1])
      import tare_decode
      for name in sys.argv[2:]:
          with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing), contextlib.redirect_stderr(nothing):
              code = tare_decode.main([name, "--check"])
          print(name, "ok" if code == 0 else "refused")
      """
    let rows = try Self.rows()
    let decoder = Repository.path("formats/decoder")
    let result = try python.run(["-B", "-c", script, decoder] + rows.map(\.file), in: Self.folder)
    let expected = rows.map { "\($0.file) \($0.says[1].code == "0" ? "ok" : "refused")\n" }.joined()
    #expect(result.output == expected)
  }
}
