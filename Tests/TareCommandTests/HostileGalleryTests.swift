import Foundation
import Testing

/// Every file of `testdata/hostile/packed` through the whole command: what is said, the exit code, and nothing left over.
@Suite struct HostileGalleryTests {
  private static let gallery = Repository.path("testdata/hostile/packed")

  private struct Row {
    var file: String
    var decoder: String
    var command: String
    var exitCode: Int32
    var lines: String

    /// Those that are differences are read with what they are differences from.
    var base: [String] { file.hasPrefix("delta_") ? ["--base", "base.safetensors"] : [] }
  }

  private static func rows() throws -> [Row] {
    let table = try String(contentsOfFile: gallery + "/expected.tsv", encoding: .utf8)
    return try table.split(separator: "\n").dropFirst().map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      return Row(
        file: fields[0], decoder: fields[1], command: fields[2], exitCode: try #require(Int32(fields[3])),
        lines: fields[4])
    }
  }

  private func run(_ arguments: [String]) throws -> ProgramResult {
    try Program.boundedTare(arguments, in: Self.gallery)
  }

  @Test(arguments: ["inspect", "verify", "unpack"])
  func theGalleryFailsAsItsTableSays(command: String) throws {
    let folder = try TemporaryFolder()
    for row in try Self.rows() where row.command == command {
      let arguments =
        switch command {
        case "inspect": ["inspect", "--header-only", row.file]
        case "verify": ["verify", row.file] + row.base
        default: ["unpack", row.file, "-o", folder.path("out")] + row.base
        }
      let result = try run(arguments)
      #expect(result.exitCode == row.exitCode, "\(row.file): \(result.errors)")
      if row.exitCode == 0 {
        #expect(result.errors == "", "\(row.file)")
        if command == "unpack" { try FileManager.default.removeItem(atPath: folder.path("out")) }
      } else if row.exitCode == 1 {
        // Damage is a result: it is said on standard output, and the last line is the verdict.
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(result.errors == "" && lines.dropLast().joined(separator: " | ") == row.lines, "\(row.file)")
        #expect(lines.last?.hasPrefix("damaged: ") == true, "\(row.file)")
      } else {
        #expect(result.output == "" && result.errorLines.joined(separator: " | ") == row.lines, "\(row.file)")
      }
      #expect(folder.names == [], "\(row.file)")
    }
  }

  /// The decoder in `formats/decoder` was written from the same pages by itself; `test_decoder.py` holds it to the table.
  @Test func thePlainDecoderIsOfTheSameOpinion() throws {
    for row in try Self.rows() where row.command == "verify" {
      #expect((row.decoder == "refuses") == (row.exitCode != 0), "\(row.file)")
    }
  }

  /// Those that are sound but odd open, and whatever is done with all of their tensors ends well.
  @Test func theGalleryOfSafetensorsCrashesNoCommand() throws {
    let gallery = Repository.path("testdata/hostile/safetensors")
    let folder = try TemporaryFolder()
    let table = try String(contentsOfFile: gallery + "/expected.tsv", encoding: .utf8)
    for line in table.split(separator: "\n").dropFirst() {
      let row = line.split(separator: "\t").map(String.init)
      let path = gallery + "/" + row[0]
      let isSound = row[2] == "ok"
      for arguments in [["inspect", path], ["verify", path], ["pack", path, "-o", folder.path("out"), "-f"]]
      where isSound || arguments[0] == "verify" {
        let result = try run(arguments)
        let codes: [Int32] = isSound ? [0] : [1, 65, 69]
        #expect(result.exitCode.map(codes.contains) == true, "\(arguments): \(result.errors)")
      }
    }
  }

  @Test func everyFileOfTheGalleryIsInItsTable() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.gallery).filter { $0.hasSuffix(".tare") }
    let listed = try Self.rows().filter { $0.command == "verify" }.map(\.file)
    #expect(listed.sorted() == files.sorted())
    #expect(files.count > 200)
  }

  /// What is said of the data: the statistics of what opens come, or one line of complaint.
  @Test func whatOpensIsInspectedOrComplainedOf() throws {
    for row in try Self.rows() where row.command == "inspect" && row.exitCode == 0 {
      let result = try run(["inspect", row.file] + row.base)
      #expect([0, 65, 69].contains(result.exitCode), "\(row.file): \(result.errors)")
      let complaints = result.errorLines.filter { !$0.hasPrefix("hint: ") }
      #expect(result.exitCode == 0 || complaints.count == 1, "\(row.file)")
    }
  }

  /// An encoding that this build does not know blocks its tensor, not the file.
  @Test(arguments: ["chunk_encoding_unknown.tare", "chunk_mask_unknown.tare"])
  func unknownEncodingBlocksItsTensorAlone(file: String) throws {
    let sound = try run(["cat", file, "sound", "--format", "raw"])
    #expect((sound.exitCode, sound.output) == (0, "sound"))
    let blocked = try run(["cat", file, "a", "--format", "raw"])
    #expect((blocked.exitCode, blocked.output) == (69, ""))
    #expect(blocked.errors.contains("encoding 'from-the-future'; known: none, bitmask"))
  }

  @Test(arguments: ["chunk_constant_of_0.tare", "chunk_stored_hash.tare", "chunk_stream_claims_2_60.tare"])
  func damageBlocksItsTensorAlone(file: String) throws {
    #expect(try run(["cat", file, "sound", "--format", "raw"]).output == "sound")
    #expect(try run(["cat", file, "a", "--format", "raw"]).exitCode == 65)
  }

  @Test func expansionIsAllowedWhereItIsAskedFor() throws {
    let folder = try TemporaryFolder()
    #expect(try run(["unpack", "expansion.tare", "-o", folder.path("out")]).exitCode == 65)
    #expect(folder.names == [])
    let allowed = try run(["unpack", "expansion.tare", "-o", folder.path("out"), "--max-expansion", "1000000"])
    #expect(allowed.exitCode == 0)
    let size = try FileManager.default.attributesOfItem(atPath: folder.path("out"))[.size] as? Int
    #expect(size == 72 << 20)
  }
}
