import Foundation
import Testing

/// GGUF files as a user meets them in every command that reads models.
@Suite struct GGUFCommandTests {
  private let tare = Program.tare
  private static let golden = Repository.path("testdata/gguf")
  private static let gallery = Repository.path("testdata/hostile/gguf")

  /// The golden files, and those of the gallery that are odd but sound.
  private static func soundFiles() throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: golden).filter { $0.hasSuffix(".gguf") }
    return names.sorted().map { golden + "/" + $0 }
      + (try rows().filter { $0[1] == "ok" }.map { gallery + "/" + $0[0] })
  }

  private static func rows() throws -> [[String]] {
    let table = try String(contentsOfFile: gallery + "/expected.tsv", encoding: .utf8)
    return table.split(separator: "\n").dropFirst().map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  @Test func packingGivesEveryFileBackAndShowsTheSameModel() throws {
    let folder = try TemporaryFolder()
    for path in try Self.soundFiles() {
      try FileManager.default.copyItem(atPath: path, toPath: folder.path("m.gguf"))
      #expect(try tare.run(["pack", "m.gguf", "--force"], in: folder.path).exitCode == 0, "\(path)")
      let back = try tare.run(["unpack", "m.gguf.tare", "-o", "back", "--force"], in: folder.path)
      #expect(try back.exitCode == 0 && folder.read("back") == folder.read("m.gguf"), "\(path): \(back.errors)")
      let same = try tare.run(["verify", "m.gguf", "m.gguf.tare"], in: folder.path)
      #expect(same.exitCode == 0, "\(path): \(same.output)\(same.errors)")
      #expect(try tare.run(["verify", "m.gguf.tare"], in: folder.path).exitCode == 0, "\(path)")
      let original = try tare.run(["inspect", "--header-only", "m.gguf", "--format", "csv"], in: folder.path)
      let packed = try tare.run(["inspect", "--header-only", "m.gguf.tare", "--format", "csv"], in: folder.path)
      #expect(places(packed) == places(original), "\(path)")
      try FileManager.default.removeItem(atPath: folder.path("m.gguf"))
    }
  }

  /// Rows of a table without their first field, which names the file.
  private func places(_ result: ProgramResult) -> [Substring] {
    result.output.split(separator: "\n").map { $0.drop { $0 != "," } }
  }

  @Test func thePlainDecoderGivesTheSameBytes() throws {
    guard let python = Program.python else { return }
    let folder = try TemporaryFolder()
    for name in ["all_types", "metadata", "big_endian"] {
      let source = Self.golden + "/\(name).gguf"
      #expect(try tare.run(["pack", source, "-o", folder.path("p.tare"), "--force"]).exitCode == 0)
      let decoder = Repository.path("formats/decoder/tare_decode.py")
      let result = try python.run([decoder, folder.path("p.tare"), folder.path(name)])
      #expect(result.exitCode == 0, "\(result.errors)")
      #expect(FileManager.default.contentsEqual(atPath: source, andPath: folder.path(name)))
    }
  }

  @Test func aLongVocabularyIsCutWhereItIsShownAndCostsLittleWhereItIsPacked() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.vocabulary(50_000), to: "v.gguf")
    let shown = try tare.run(["inspect", "--header-only", "v.gguf"], in: folder.path).output
    #expect(
      shown.hasPrefix(
        """
        v.gguf
        gguf, 889.0 kB, 0 tensors
          scores: f32[50000] [-0.0, -1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, …]
          tokens: string[50000] ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", …]

        """))
    _ = try tare.run(["pack", "v.gguf"], in: folder.path)
    // Falling numbers are nothing to a search for matches: they are packed by byte plane.
    #expect(try folder.read("v.gguf.tare").count < 30_000)
    _ = try tare.run(["unpack", "v.gguf.tare", "-o", "back"], in: folder.path)
    #expect(try folder.read("back") == folder.read("v.gguf"))
  }

  private static func vocabulary(_ count: Int) -> [UInt8] {
    func long(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    func text(_ value: String) -> [UInt8] { long(value.utf8.count) + Array(value.utf8) }
    let scores = (0..<count).flatMap { word((-Float($0)).bitPattern) }
    let tokens = (0..<count).flatMap { text("t\($0)") }
    return Array("GGUF".utf8) + word(3) + long(0) + long(2) + text("scores") + word(9) + word(6) + long(count) + scores
      + text("tokens") + word(9) + word(8) + long(count) + tokens
  }

  @Test func bigEndianTensorsAreShownAndComparedAsNumbers() throws {
    let folder = try TemporaryFolder()
    let big = Self.golden + "/big_endian.gguf"
    #expect(try tare.run(["cat", big, "i64", "--format", "text"]).output == "-2 -1 0 1 2 3\n")
    #expect(try tare.run(["pack", big, "-o", folder.path("b.tare")]).exitCode == 0)
    #expect(try tare.run(["cat", folder.path("b.tare"), "i64", "--format", "text"]).output == "-2 -1 0 1 2 3\n")
    #expect(try tare.run(["convert", big, folder.path("b.safetensors")]).exitCode == 0)
    let same = try tare.run(["verify", folder.path("b.tare"), folder.path("b.safetensors")])
    #expect(same.output == "identical: 3 tensors, same names, dtypes, shapes and bits\n")
  }

  @Test func aPartOfASplitModelStandsForAllOfIt() throws {
    let part = Self.golden + "/split-00002-of-00003.gguf"
    let shown = try tare.run(["inspect", part, "--header-only", "--format", "csv"]).output
    #expect(shown.split(separator: "\n").count == 6)
    #expect(try tare.run(["verify", part]).output.hasPrefix("intact: 5 tensors, 240 bytes read"))
  }

  @Test func aFolderWithOneGGUFFileIsThatModelAndPacksAsFolder() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path("d"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Self.golden + "/aligned_64.gguf", toPath: folder.path("d/a.gguf"))
    try folder.write([1, 2, 3], to: "d/notes.txt")
    #expect(try tare.run(["verify", "d"], in: folder.path).output.hasPrefix("intact: 2 tensors"))
    #expect(try tare.run(["pack", "d"], in: folder.path).exitCode == 0)
    let same = try tare.run(["verify", "d", "d.tare"], in: folder.path)
    #expect(same.output == "identical: 2 tensors, same names, dtypes, shapes and bits\n")
    #expect(try tare.run(["unpack", "d.tare", "-o", "back"], in: folder.path).exitCode == 0)
    #expect(try folder.read("back/a.gguf") == folder.read("d/a.gguf"))
  }

  @Test func theGalleryCrashesNoCommand() throws {
    let folder = try TemporaryFolder()
    for row in try Self.rows() {
      let path = Self.gallery + "/" + row[0]
      let code: Int32 = row[1] == "ok" ? 0 : row[1] == "unsupported" ? 69 : 65
      for arguments in [["inspect", path], ["pack", path, "-o", folder.path("out")]] {
        let result = try Program.boundedTare(arguments)
        #expect(result.exitCode == code, "\(arguments): \(result.errors)")
        #expect(code == 0 || result.output == "" && result.errorLines.count == 1, "\(arguments): \(result.errors)")
        #expect(code == 0 || result.errors.hasPrefix("tare: \(path): "), "\(result.errors)")
      }
      #expect(folder.names == (code == 0 ? ["out"] : []), "\(row[0])")
      try? FileManager.default.removeItem(atPath: folder.path("out"))
      let verified = try Program.boundedTare(["verify", path])
      // What is not recognised at all is no damaged model.
      let found: Int32 = code == 65 && row[0] != "magic.gguf" ? 1 : code
      #expect(verified.exitCode == found, "\(row[0]): \(verified.output)")
    }
  }

  /// What safetensors lacks is said with the tensor's name, and nothing is left behind.
  @Test func blocksDoNotGoIntoSafetensors() throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(["convert", Self.golden + "/all_types.gguf", folder.path("o.safetensors")])
    #expect(result.exitCode == 69 && result.errors.contains("tensor 'Q4_0'"))
    #expect(folder.names == [])
  }
}
