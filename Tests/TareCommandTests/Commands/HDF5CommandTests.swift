import Foundation
import Testing

/// HDF5 files as a user meets them in every command that reads models.
@Suite struct HDF5CommandTests {
  private let tare = Program.tare
  private static let python = Program.python
  private static let golden = Repository.path("testdata/hdf5")
  private static let script = Repository.path("Tests/Peers/check_hdf5.py")
  private static let files =
    (try? FileManager.default.contentsOfDirectory(atPath: golden).filter { $0.hasSuffix(".h5") }.sorted()) ?? []

  // MARK: Reading

  @Test(.enabled(if: Self.python != nil, "scripts/make-venv makes the Python that this needs"), arguments: 1...4)
  func whateverTheReferenceWritesIsReadBitForBit(round: Int) throws {
    let folder = try TemporaryFolder()
    let python = try #require(Self.python)
    let seed = UInt32.random(in: 0 ... .max)
    let written = try python.run([Self.script, "write", "m.h5", String(seed)], in: folder.path)
    #expect(written.exitCode == 0, "seed \(seed): \(written.errors)")
    let converted = try tare.run(["convert", "m.h5", "m.safetensors"], in: folder.path)
    #expect(converted.exitCode == 0, "seed \(seed): \(converted.errors)")
    #expect(converted.errors.hasPrefix("note: m.h5: left out: "), "seed \(seed)")
    let checked = try python.run([Self.script, "check", "m.h5", "m.safetensors"], in: folder.path)
    #expect(checked.output == "60 tensors, 0 disagreements\n", "seed \(seed): \(checked.errors)")
    let same = try tare.run(["verify", "m.h5", "m.safetensors"], in: folder.path)
    #expect(same.output == "identical: 60 tensors, same names, dtypes, shapes and bits\n", "seed \(seed)")
    // Any number of threads reads the same.
    let reports = try ["1", "3"].map {
      try tare.run(["inspect", "m.h5", "--json", "--threads", $0], in: folder.path).output
    }
    #expect(reports[0] == reports[1], "seed \(seed)")
  }

  /// The library takes the square of their number for it, longer than it is given.
  @Test(.enabled(if: Self.python != nil, "scripts/make-venv makes the Python that this needs"))
  func manyChunksAreFoundInTime() throws {
    let folder = try TemporaryFolder()
    let python = try #require(Self.python)
    #expect(try python.run([Self.script, "many", "m.h5"], in: folder.path).exitCode == 0)
    let converted = try tare.run(["convert", "m.h5", "m.safetensors"], in: folder.path)
    #expect(converted.exitCode == 0, "\(converted.errors)")
    let checked = try python.run([Self.script, "check", "m.h5", "m.safetensors"], in: folder.path)
    #expect(checked.output == "1 tensors, 0 disagreements\n", "\(checked.errors)")
  }

  @Test(arguments: files)
  func packingGivesEveryFileBack(file: String) throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: "\(Self.golden)/\(file)", toPath: folder.path("m.h5"))
    #expect(try tare.run(["pack", "m.h5"], in: folder.path).exitCode == 0)
    let back = try tare.run(["unpack", "m.h5.tare", "-o", "back"], in: folder.path)
    #expect(try back.exitCode == 0 && folder.read("back") == folder.read("m.h5"), "\(back.errors)")
    #expect(try tare.run(["verify", "m.h5.tare"], in: folder.path).exitCode == 0)
  }

  /// What is not made again is told, with the reason, and whether it can be read all the same.
  @Test func explainNamesWhatIsKeptAsBytes() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: "\(Self.golden)/chunked.h5", toPath: folder.path("m.h5"))
    let lines = try tare.run(["pack", "m.h5", "--explain"], in: folder.path).output.split(separator: "\n")
    let literals = lines.compactMap { line -> String? in
      let parts = line.components(separatedBy: " literal  ")
      guard parts.count == 2, let name = line.split(separator: " ").first, line.contains("filters/") else { return nil }
      return "\(name): " + parts[1].trimmingCharacters(in: .whitespaces)
    }
    #expect(
      literals == [
        "filters/bitshuffle: 15 of 15 chunks went through bitshuffle; 2.40 kB of the file",
        "filters/bitshuffle_lz4: 15 of 15 chunks went through bitshuffle; 931 B of the file",
        "filters/bitshuffle_zstd: 15 of 15 chunks went through bitshuffle; 988 B of the file",
        "filters/lz4: 15 of 15 chunks went through lz4; 2.14 kB of the file",
        "filters/lzf: 9 of 15 chunks went through lzf; 1.91 kB of the file",
        "filters/scaleoffset: went through scaleoffset, which only libhdf5 undoes; not listed; 825 B of the file",
        "filters/szip: went through szip, which only libhdf5 undoes; not listed; 525 B of the file",
        "filters/zstd: 15 of 15 chunks went through zstd 5; 1.16 kB of the file",
        "filters/zstd_shuffled: 15 of 15 chunks went through zstd 3; 782 B of the file",
      ])
    #expect(lines.last == "  literal   bytes of the file, as they are: what is listed is read through them")
    // Without libhdf5, in every way.
    #expect(try tare.run(["cat", "m.h5.tare", "filters/lzf", "-o", "a.npy"], in: folder.path).exitCode == 0)
    #expect(try tare.run(["cat", "m.h5", "filters/lzf", "-o", "b.npy"], in: folder.path).exitCode == 0)
    #expect(try folder.read("a.npy") == folder.read("b.npy"))
    let same = try tare.run(
      ["verify", "m.h5", "m.h5.tare", "--exclude", "filters/s[cz]*"], in: folder.path)
    #expect(same.output == "identical: 23 tensors, same names, dtypes, shapes and bits\n", "\(same.output)")
  }

  @Test func packedFilesHoldWhatLiesInOnePiece() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: "\(Self.golden)/user_block.h5", toPath: folder.path("m.h5"))
    #expect(try tare.run(["pack", "m.h5"], in: folder.path).exitCode == 0)
    let same = try tare.run(["verify", "m.h5", "m.h5.tare", "--tensor", "contiguous"], in: folder.path)
    #expect(same.output == "identical: 1 tensor, same names, dtypes, shapes and bits\n", "\(same.errors)")
  }

  @Test func inspectShowsHowEachTensorIsStored() throws {
    let result = try tare.run(["inspect", "--header-only", "elsewhere.h5"], in: Self.golden)
    #expect(
      result.output == """
        elsewhere.h5
        hdf5, 10.6 kB, 4 tensors
        Stored in 171 B, 41.4% less than 292 B.

        name      dtype  shape       size  storage            stored
        ────────────────────────────────────────────────────────────
        blosc     F32    64         256 B  chunked 32, blosc   159 B
        external  F32    4           16 B  external              0 B
        sound     F32    3           12 B  contiguous           12 B
        virtual   F32    2            8 B  virtual               0 B
        ────────────────────────────────────────────────────────────
        total     F32    4 tensors  292 B                      171 B

        """, "\(result.output)")
    let sound = try tare.run(["inspect", "links.h5", "--json", "--header-only"], in: Self.golden)
    #expect(sound.output.contains(#""layout": "contiguous""#))
    #expect(
      sound.output.contains(#""name": "soft""#) && sound.output.contains(#""reason": "a soft link to '/b/weight'""#))
  }

  @Test func whatCanNotBeReadBlocksItsTensorAlone() throws {
    let lines = [
      "virtual": "is a virtual dataset, made up of others", "external": "lies in another file, 'other.raw'",
      "blosc": "went through blosc, which this build does not undo",
    ]
    for (name, line) in lines {
      let result = try tare.run(["cat", "elsewhere.h5", name, "--format", "raw"], in: Self.golden)
      #expect(result.exitCode == 69 && result.outputBytes.isEmpty)
      #expect(result.errorLines.first == "tare: elsewhere.h5: tensor '\(name)': \(line)")
    }
    let sound = try tare.run(["cat", "elsewhere.h5", "sound", "--format", "raw"], in: Self.golden)
    #expect(sound.exitCode == 0 && sound.outputBytes.count == 12)
    #expect(try tare.run(["inspect", "elsewhere.h5"], in: Self.golden).exitCode == 69)
    #expect(try tare.run(["inspect", "elsewhere.h5", "--tensor", "sound"], in: Self.golden).exitCode == 0)
  }

  @Test func rowsOfAChunkedTensorAreRead() throws {
    let result = try tare.run(
      ["cat", "chunked.h5", "sparse/filled", "--rows", "6:8", "--format", "text"], in: Self.golden)
    let row = [String](repeating: "-1.5", count: 30)
    var second = row
    second[8...9] = ["3.0", "3.0"]
    #expect(result.output == row.joined(separator: " ") + "\n" + second.joined(separator: " ") + "\n")
  }

  @Test func convertingToGGUFKeepsTheElements() throws {
    let folder = try TemporaryFolder()
    let arguments = ["convert", Self.golden + "/chunked.h5", "m.gguf", "--tensor", "shapes/[34]"]
    #expect(try tare.run(arguments, in: folder.path).exitCode == 0)
    let same = try tare.run(
      ["verify", Self.golden + "/chunked.h5", "m.gguf", "--tensor", "shapes/[34]"], in: folder.path)
    #expect(same.exitCode == 0, "\(same.output)\(same.errors)")
  }

  // MARK: Hostile

  private func demandGrace(_ result: ProgramResult, _ what: String) {
    let codes: [Int32] = [0, 65, 69]
    #expect(result.exitCode.map(codes.contains) == true, "\(what): \(result.errors)")
    let complaints = result.errorLines.filter { !$0.isEmpty && !$0.hasPrefix("hint: ") }
    #expect(complaints.count == (result.exitCode == 0 ? 0 : 1), "\(what): \(result.errors)")
  }

  @Test(arguments: files)
  func truncatedFilesAreRefusedInOneLine(file: String) throws {
    let folder = try TemporaryFolder()
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(Self.golden)/\(file)")))
    for part in 0..<12 {
      let length = bytes.count * part / 12
      try folder.write(Array(bytes[..<length]), to: "m.h5")
      let result = try Program.boundedTare(["inspect", "m.h5"], in: folder.path)
      demandGrace(result, "\(file), \(length) bytes")
      #expect(result.exitCode != 0, "\(file), \(length) bytes")
    }
  }

  @Test(arguments: files)
  func changedBytesCrashNothing(file: String) throws {
    let folder = try TemporaryFolder()
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(Self.golden)/\(file)")))
    for _ in 0..<12 {
      var changed = bytes
      let places = (0..<4).map { _ in Int.random(in: bytes.indices) }
      for place in places { changed[place] ^= UInt8.random(in: 1...255) }
      try folder.write(changed, to: "m.h5")
      demandGrace(try Program.boundedTare(["inspect", "m.h5"], in: folder.path), "\(file), bytes \(places)")
    }
  }

  // MARK: The helper

  /// A folder with a `tare` that has no helper beside it, and a file; `helper` is a shell script.
  private func folder(helper: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Program.tare.path, toPath: folder.path("tare"))
    try FileManager.default.copyItem(atPath: Self.golden + "/plain.h5", toPath: folder.path("m.h5"))
    try folder.write(Array("#!/bin/sh\n\(helper)\n".utf8), to: "helper")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path("helper"))
    return folder
  }

  private func inspect(with helper: String, isNamed: Bool = true) throws -> ProgramResult {
    let folder = try folder(helper: helper)
    while true {
      let result = try Program(path: folder.path("tare")).run(
        ["inspect", "--header-only", "m.h5"], environment: isNamed ? ["TARE_HDF5_HELPER": folder.path("helper")] : [:],
        in: folder.path)
      // A program that another test starts at this moment may still have the copy open for writing.
      if !result.errors.contains("Text file busy") { return result }
    }
  }

  @Test func aMissingHelperIsSaidWithWhatToDo() throws {
    let result = try inspect(with: "", isNamed: false)
    #expect(result.exitCode == 69)
    #expect(
      result.errorLines == [
        "tare: m.h5: is HDF5, and tare-hdf5, which reads it, is not there",
        "hint: install tare-hdf5 beside tare ('make install' does), or name it in TARE_HDF5_HELPER",
      ])
  }

  @Test func theHelperMayBeNamedByTheEnvironment() throws {
    let real = URL(filePath: Program.tare.path).deletingLastPathComponent().path + "/tare-hdf5"
    let result = try inspect(with: "exec '\(real)' \"$@\"")
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  /// What it says first: kind, length, name, version, and the library's version.
  private static let hello = #"printf '\001\022\000\000\000\011tare-hdf5\001\0061.10.8'"#

  @Test func whateverAHelperDoesIsOneLine() throws {
    let cases: [(helper: String, exitCode: Int32, line: String)] = [
      ("exit 3", 69, "does not start: it ended with code 3"),
      ("echo garbage", 69, "does not start: it is no tare-hdf5"),
      (#"printf '\001\022\000\000\000\011tare-hdf5\002\0061.10.8'"#, 69, "speaks version 2, expected 1"),
      (Self.hello, 65, "libhdf5 1.10.8 gave up on it (exit code 0)"),
      (Self.hello + "; kill -11 $$", 65, "libhdf5 1.10.8 crashed on it (signal 11)"),
      (Self.hello + #"; printf '\005\000\000\000\000'"#, 0, ""),
      (
        Self.hello + #"; printf '\143\000\000\000\000'"#, 65,
        "tare-hdf5 answered what it must not: a frame of no known kind"
      ),
      (
        Self.hello + #"; printf '\002\377\377\377\377'"#, 65,
        "tare-hdf5 answered what it must not: a frame of no known kind, or too long"
      ),
      (
        Self.hello + #"; printf '\003\001\000\000\000x'"#, 65,
        "tare-hdf5 answered what it must not: chunks of no dataset"
      ),
      (
        Self.hello + #"; printf '\002\002\000\000\000\377\001'"#, 65,
        "tare-hdf5 answered what it must not: a path: 255, with 0 bytes left"
      ),
      (Self.hello + #"; printf '\006\006\000\000\000\001\000\003sad'"#, 69, "tare: m.h5: sad"),
      // A dataset `w` of 2 bytes at 2^40.
      (
        Self.hello
          + #"; printf '\002\046\000\000\000\001w\000\000\000\000\000\000\000\000\001\000\001\000\010\000\001\001\002\001\000\000\000\000\000\001\000\000\002\000\000\000\000\000\000\000\000\000\005\000\000\000\000'"#,
        65, "tensor 'w': offset 1099511627776 of 2 bytes, but the file ends after"
      ),
    ]
    for (helper, exitCode, line) in cases {
      let result = try inspect(with: helper)
      #expect(result.exitCode == exitCode, "\(helper): \(result.errors)")
      #expect(line.isEmpty || result.errors.contains(line), "\(helper): \(result.errors)")
      #expect(
        result.errorLines.filter { !$0.isEmpty && !$0.hasPrefix("hint: ") }.count == (exitCode == 0 ? 0 : 1),
        "\(helper)")
    }
  }

  @Test func aHelperThatHangsIsGivenUp() throws {
    let start = ContinuousClock.now
    let result = try inspect(with: Self.hello + "; exec sleep 100")
    #expect(result.exitCode == 65)
    #expect(result.errorLines == ["tare: m.h5: libhdf5 1.10.8 did not finish with it in 10 seconds"])
    #expect(ContinuousClock.now - start < .seconds(20))
  }
}
