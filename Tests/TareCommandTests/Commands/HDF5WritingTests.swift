import Foundation
import Testing

/// `tare convert` to HDF5 as a user runs it, and h5py and Keras reading what it writes.
@Suite struct HDF5WritingTests {
  private let tare = Program.tare
  private static let python = Program.python
  private static let script = Repository.path("Tests/Peers/check_hdf5_writing.py")
  private static let compressions = ["none", "gzip", "gzip:9", "zstd", "zstd:19"]

  private func check(_ arguments: [String], in folder: TemporaryFolder) throws -> ProgramResult {
    try #require(Self.python).run([Self.script] + arguments, in: folder.path)
  }

  private func convert(_ arguments: [String], in folder: TemporaryFolder) throws {
    let result = try tare.run(["convert"] + arguments, in: folder.path)
    #expect(result.exitCode == 0, "\(arguments): \(result.errors)")
  }

  @Test(
    .enabled(if: Self.python != nil, "scripts/make-venv makes the Python that this needs"), arguments: compressions)
  func everyTypeAndShapeIsWhatTheReferenceReads(compression: String) throws {
    let folder = try TemporaryFolder()
    let seed = UInt32.random(in: 0 ... .max)
    #expect(try check(["source", "m.safetensors", String(seed)], in: folder).exitCode == 0)
    try convert(["m.safetensors", "out.h5", "--compression", compression, "--verify"], in: folder)
    let checked = try check(["model", "m.safetensors", "out.h5"], in: folder)
    #expect(checked.output == "68 tensors, 0 disagreements\n", "seed \(seed): \(checked.errors)")
    // One thread writes the same bytes, and the way back gives the file.
    try convert(["m.safetensors", "one.h5", "--compression", compression, "--threads", "1"], in: folder)
    #expect(try folder.read("one.h5") == folder.read("out.h5"), "seed \(seed)")
    try convert(["m.safetensors", "direct.safetensors"], in: folder)
    try convert(["out.h5", "back.safetensors"], in: folder)
    #expect(try folder.read("back.safetensors") == folder.read("direct.safetensors"), "seed \(seed)")
  }

  @Test(
    .enabled(if: Self.python != nil, "scripts/make-venv makes the Python that this needs"),
    arguments: [
      "functional.h5", "keras2.h5", "keras2_weights.h5", "bfloat16.h5", "functional.weights.h5", "int8.weights.h5",
    ])
  func layoutsOfKerasStayWhatTheyAre(file: String) throws {
    let folder = try TemporaryFolder()
    let source = Repository.path("testdata/keras/\(file)")
    for compression in ["none", "gzip"] {
      try convert([source, "out.h5", "--compression", compression, "--verify", "--force"], in: folder)
      let checked = try check(["tree", source, "out.h5"], in: folder)
      #expect(checked.exitCode == 0 && checked.output.hasSuffix(" datasets, 0 disagreements\n"), "\(checked.output)")
    }
    // Through a container that knows nothing of groups and attributes.
    try convert([source, "between.safetensors"], in: folder)
    try convert(["between.safetensors", "back.h5", "--verify"], in: folder)
    #expect(try check(["tree", source, "back.h5"], in: folder).output.hasSuffix(" datasets, 0 disagreements\n"))
  }

  @Test(
    .enabled(if: Self.python != nil, "scripts/make-venv makes the Python that this needs"),
    arguments: [
      ("functional.h5", "out.h5"), ("functional.keras", "out.weights.h5"), ("functional.keras", "out.keras"),
    ])
  func kerasLoadsWhatIsWritten(file: String, written: String) throws {
    let folder = try TemporaryFolder()
    let source = Repository.path("testdata/keras/\(file)")
    try convert([source, written], in: folder)
    let checked = try check(["keras", source, written], in: folder)
    #expect(
      checked.exitCode == 0 && checked.output.hasSuffix(" weights, 0 disagreements\n"),
      "\(checked.output)\(checked.errors)")
  }

  @Test(
    .enabled(if: Self.python != nil, "scripts/make-venv makes the Python that this needs"),
    arguments: ["functional.keras", "bfloat16.keras", "deflated.keras"], compressions)
  func archivesOfKerasStayWhatTheyAre(file: String, compression: String) throws {
    let folder = try TemporaryFolder()
    let source = Repository.path("testdata/keras/\(file)")
    try convert([source, "out.keras", "--compression", compression, "--verify"], in: folder)
    let checked = try check(["archive", source, "out.keras"], in: folder)
    #expect(
      checked.exitCode == 0 && checked.output.hasSuffix("\n0 disagreements\n"), "\(checked.output)\(checked.errors)")
    // By way of a container that is no archive, and packed.
    try convert(["out.keras", "between.safetensors"], in: folder)
    try convert(["between.safetensors", "back.keras", "--compression", compression, "--threads", "1"], in: folder)
    #expect(try folder.read("back.keras") == folder.read("out.keras"))
    #expect(try tare.run(["pack", "out.keras"], in: folder.path).exitCode == 0)
    #expect(try tare.run(["verify", "out.keras.tare", source], in: folder.path).exitCode == 0)
  }

  @Test(.enabled(if: Self.python != nil, "scripts/make-venv makes the Python that this needs"))
  func assetsOfAnArchiveGoAlongIntoAnother() throws {
    let folder = try TemporaryFolder()
    let source = Repository.path("testdata/keras/sequential.keras")
    let added = try #require(Self.python).run(
      [
        "-c",
        """
        import shutil, sys, zipfile
        shutil.copy(sys.argv[1], "in.keras")
        with zipfile.ZipFile("in.keras", "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("assets/wörter.txt", "a\\n" * 5000)
        """, source,
      ], in: folder.path)
    #expect(added.exitCode == 0, "\(added.errors)")
    try convert(["in.keras", "out.keras", "--verify"], in: folder)
    #expect(try check(["archive", "in.keras", "out.keras"], in: folder).exitCode == 0)
    let plain = try tare.run(["convert", "in.keras", "out.h5"], in: folder.path)
    #expect(plain.errors == "note: in.keras: left out: 'assets/wörter.txt' (another member of the archive)\n")
  }

  @Test func anArchiveNeedsTheConfigurationOfOne() throws {
    let folder = try TemporaryFolder()
    let source = Repository.path("testdata/keras/functional.h5")
    let result = try tare.run(["convert", source, "out.keras"], in: folder.path)
    #expect(result.exitCode == 69 && folder.names == [])
    #expect(
      result.errors == """
        tare: \(source): an archive of Keras needs the model's 'config.json', which is among the metadata of those that come from one
        hint: --to hdf5 writes the weights alone

        """)
    let packed = try tare.run(
      ["convert", Repository.path("testdata/keras/functional.keras"), "out.tare"], in: folder.path)
    #expect(packed.exitCode == 0)
    #expect(packed.errors.hasSuffix("the packed file holds the weights as HDF5; tare pack keeps the archive\n"))
  }

  /// Through every container and back: tensors, and metadata with their types and their order.
  @Test(arguments: ["h5", "safetensors", "gguf"])
  func metadataComeBackFromHDF5(container: String) throws {
    let folder = try TemporaryFolder()
    try convert([Repository.path("testdata/gguf/metadata.gguf"), "m.gguf"], in: folder)
    try convert(["m.gguf", "first.h5", "--verify"], in: folder)
    try convert(["first.h5", "between.\(container)", "--verify"], in: folder)
    try convert(["between.\(container)", "back.h5", "--verify"], in: folder)
    let same = try tare.run(["verify", "m.gguf", "back.h5"], in: folder.path)
    #expect(same.exitCode == 0 && !same.output.contains("metadata"), "\(same.output)")
    try convert(["back.h5", "back.gguf"], in: folder)
    let whole = try tare.run(["verify", "m.gguf", "back.gguf"], in: folder.path)
    #expect(whole.exitCode == 0 && !whole.output.contains("metadata"), "\(whole.output)")
  }

  /// Scalars too, which other readers of GGUF see with a dimension.
  @Test(arguments: ["sequential.h5", "functional.keras"])
  func modelsComeBackFromGGUF(file: String) throws {
    let folder = try TemporaryFolder()
    let source = Repository.path("testdata/keras/\(file)")
    try convert([source, "between.gguf", "--verify"], in: folder)
    try convert(["between.gguf", "back.h5", "--verify"], in: folder)
    let same = try tare.run(["verify", source, "back.h5"], in: folder.path)
    #expect(same.exitCode == 0 && !same.output.contains("metadata"), "\(same.output)")
  }

  @Test func aPackedOutputHoldsTheFileThatIsNotCompressed() throws {
    let folder = try TemporaryFolder()
    try convert([Sample.demo, "plain.h5", "--compression", "none"], in: folder)
    try convert([Sample.demo, "out.tare", "--container", "hdf5", "--verify"], in: folder)
    let unpacked = try tare.run(["unpack", "out.tare", "-o", "back.h5"], in: folder.path)
    #expect(try unpacked.exitCode == 0 && folder.read("back.h5") == folder.read("plain.h5"))
    // What is packed is known without the library.
    #expect(try tare.run(["verify", "out.tare", Sample.demo], in: folder.path).exitCode == 0)
    // Compressed files pack like it.
    for compression in ["gzip", "gzip:9"] {
      try convert([Sample.demo, "c.h5", "--compression", compression, "--force"], in: folder)
      #expect(try tare.run(["pack", "c.h5", "--force"], in: folder.path).exitCode == 0)
      let back = try tare.run(["unpack", "c.h5.tare", "-o", "c.back", "--force"], in: folder.path)
      #expect(try back.exitCode == 0 && folder.read("c.back") == folder.read("c.h5"))
      let same = try tare.run(["verify", "c.h5.tare", Sample.demo], in: folder.path)
      #expect(same.exitCode == 0, "\(same.output)\(same.errors)")
    }
  }

  @Test func aFolderGetsOneFileAndWhatGoesAlong() throws {
    let folder = try TemporaryFolder()
    let files = FileManager.default
    try files.createDirectory(atPath: folder.path("model"), withIntermediateDirectories: false)
    try files.copyItem(atPath: Sample.demo, toPath: folder.path("model/model.safetensors"))
    try folder.write(Array("{}".utf8), to: "model/config.json")
    try convert(["model", "out/", "--to", "hdf5"], in: folder)
    #expect(try files.contentsOfDirectory(atPath: folder.path("out")).sorted() == ["config.json", "model.h5"])
    try convert(["model", "sharded/", "--shard", "100K"], in: folder)
    try convert(["sharded", "whole/", "--to", "hdf5", "--verify"], in: folder)
    #expect(try folder.read("whole/model.h5") == folder.read("out/model.h5"))
  }

  @Test func theReportSaysHowLargeTheFileIs() throws {
    let folder = try TemporaryFolder()
    let plan = try tare.run(["convert", Sample.demo, "out.h5", "--dry-run"], in: folder.path)
    #expect(
      plan.output.hasSuffix("out.h5 would hold 22 tensors, 241 kB before they are compressed\n"), "\(plan.output)")
    #expect(folder.names == [])
    let result = try tare.run(["convert", Sample.demo, "out.h5", "--json"], in: folder.path)
    let size = try folder.read("out.h5").count
    #expect(result.output.contains(#""format": "hdf5","#) && result.output.contains(#""compression": "gzip 4","#))
    #expect(result.output.contains("\"bytes\": \(size)"), "\(size): \(result.output)")
  }

  @Test(arguments: [
    (["--shard", "1M"], 69, "HDF5 is written as one file", "hint: without --shard it is"),
    (["--compression", "lzf"], 64, "expected none, gzip, gzip:1 to gzip:9, zstd, or zstd:1 to zstd:22", nil),
  ])
  func whatCantBeWrittenIsSaid(options: [String], code: Int32, message: String, hint: String?) throws {
    let folder = try TemporaryFolder()
    let result = try tare.run(["convert", Sample.demo, "out", "--to", "hdf5"] + options, in: folder.path)
    #expect(result.exitCode == code && result.errors.contains(message), "\(result.errors)")
    if let hint { #expect(result.errorLines.last == hint) }
    #expect(folder.names == [])
  }

  @Test func namesThatAreNoPathsAreRefusedByName() throws {
    let folder = try TemporaryFolder()
    for (rename, message) in [
      ("a//b", "tensor 'a//b': HDF5 divides names at /"), (".", "tensor '.': HDF5 divides names at /"),
      ("/a", "tensor '/a': HDF5 divides names at /"),
      ("model.embed_tokens.weight/x", "'model.embed_tokens.weight/x': HDF5 can't hold it in another tensor"),
    ] {
      let result = try tare.run(
        ["convert", Sample.demo, "out.h5", "--rename", "model.norm.weight=\(rename)"], in: folder.path)
      #expect(result.exitCode == 69 && result.errors.contains(message), "\(result.errors)")
      #expect(result.errorLines.last == "hint: --rename changes it")
    }
    #expect(folder.names == [])
  }
}
