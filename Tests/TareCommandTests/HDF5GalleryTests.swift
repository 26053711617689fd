import Foundation
import Testing

/// Every file of `testdata/hostile/hdf5` and `keras` through the whole command: what is said, the exit code, and nothing left
/// over.
@Suite struct HDF5GalleryTests {
  private static let galleries = ["hdf5", "keras"]

  private struct Row {
    var file: String
    var command: String
    var exitCode: Int32
    var line: String
  }

  private struct Gallery {
    var folder: String
    var rows: [Row]
    /// Whether its table was made with the libhdf5 that is installed: each release fails in words of its own.
    var isOfThisRelease: Bool

    init(_ name: String) throws {
      folder = Repository.path("testdata/hostile/\(name)")
      let lines = try String(contentsOfFile: folder + "/expected.tsv", encoding: .utf8).split(separator: "\n")
      let release = try Program(path: "/usr/bin/env").run(["pkg-config", "--modversion", "hdf5"]).output
      isOfThisRelease = try #require(lines.first) + "\n" == "# libhdf5 " + release
      rows = try lines.dropFirst(2).map { line in
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        return Row(file: fields[0], command: fields[1], exitCode: try #require(Int32(fields[2])), line: fields[3])
      }
    }
  }

  @Test(arguments: galleries, ["inspect", "pack", "verify"])
  func theGalleryFailsAsItsTableSays(gallery name: String, command: String) throws {
    let gallery = try Gallery(name)
    let folder = try TemporaryFolder()
    for row in gallery.rows where row.command == command {
      let output = command == "pack" ? ["-o", folder.path("out")] : []
      let result = try Program.boundedTare([command, row.file] + output, in: gallery.folder)
      demandLines(result, row, isExact: gallery.isOfThisRelease)
      if command == "pack", result.exitCode == 0 {
        try demandBack(row.file, of: gallery.folder, from: "out", in: folder)
        try FileManager.default.removeItem(atPath: folder.path("out"))
      }
      #expect(folder.names == [], "\(row.file)")
    }
  }

  private func demandLines(_ result: ProgramResult, _ row: Row, isExact: Bool) {
    let complaints = result.errorLines.filter { !$0.isEmpty && !$0.hasPrefix("note: ") }
    let isDamage = row.command == "verify" && result.exitCode == 1
    // Damage is a result: it is said on standard output, and the last line is the verdict.
    let lines = isDamage ? result.output.split(separator: "\n").dropLast().map(String.init) : complaints
    let what = "\(row.command) \(row.file): \(result.exitCode ?? -1), \(lines)"
    if isExact {
      #expect(result.exitCode == row.exitCode, "\(what)")
      let expected = row.exitCode == 0 ? "" : row.line
      #expect(Self.withoutTime(lines.joined(separator: " | ")) == Self.withoutTime(expected), "\(what)")
    }
    let codes: [Int32] = row.command == "verify" ? [0, 1, 65, 66, 69] : [0, 65, 66, 69]
    #expect(codes.contains(result.exitCode ?? -1), "\(what)")
    let sayings = lines.filter { !$0.hasPrefix("hint: ") }
    #expect(sayings.count == (result.exitCode == 0 ? 0 : 1), "\(what)")
  }

  /// Which clock ends a library that hangs depends on what else the machine does.
  private static func withoutTime(_ line: String) -> Substring {
    let hangs = "did not finish with it in "
    return line.firstRange(of: hangs).map { line[..<$0.upperBound] } ?? line[...]
  }

  private func demandBack(_ file: String, of gallery: String, from packed: String, in folder: TemporaryFolder) throws {
    let result = try Program.boundedTare(["unpack", packed, "-o", "back"], in: folder.path)
    #expect(result.exitCode == 0, "\(file): \(result.errors)")
    let original = try Data(contentsOf: URL(fileURLWithPath: gallery + "/" + file))
    // The index of a set is packed with all of it, as a folder.
    #expect(try folder.read(file.hasSuffix(".json") ? "back/" + file : "back") == [UInt8](original), "\(file)")
    try FileManager.default.removeItem(atPath: folder.path("back"))
  }

  @Test(arguments: galleries)
  func everyFileOfTheGalleryIsInItsTable(name: String) throws {
    let gallery = try Gallery(name)
    let files = try FileManager.default.contentsOfDirectory(atPath: gallery.folder)
      .filter { !$0.hasSuffix(".py") && !$0.hasSuffix(".tsv") && $0 != "__pycache__" }
    #expect(gallery.rows.filter { $0.command == "inspect" }.map(\.file).sorted() == files.sorted())
  }
}
