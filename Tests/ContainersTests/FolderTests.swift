import Foundation
internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct RelativePathTests {
  @Test(arguments: ["a", "a/b.c", "...", "a b", "ä/ß", "back\\slash", ".hidden", String(repeating: "n", count: 255)])
  func ordinaryPathsAreTaken(path: String) throws { try RelativePath.validate(path) }

  @Test(arguments: [
    "", "/", "/a", "a/", "a//b", ".", "..", "a/.", "./a", "a/../b", "../a", "a\0", "a/\0/b",
    String(repeating: "n", count: 256), "a/" + String(repeating: "ä", count: 128),
  ])
  func pathsThatLeadElsewhereAreRefused(path: String) {
    #expect(failure { try RelativePath.validate(path) }?.code == .malformed)
  }

  @Test func pathsThatWouldMeetAreRefused() throws {
    try RelativePath.demandDistinct(["a", "b", "a.b", "c/a", "c/b", "c.d", "C-d"])
    for (paths, message) in [
      (["README.md", "x", "readme.MD"], "paths 'README.md' and 'readme.MD' are one, letter case aside"),
      (["Ä", "ä"], "paths 'Ä' and 'ä' are one, letter case aside"),
      (["same", "same"], "paths 'same' and 'same' are one, letter case aside"),
      (["A/b/c", "a!", "a"], "path 'a' is a file and, for 'A/b/c', a folder"),
      (["a/B", "A/b/c", "a/b!"], "path 'a/B' is a file and, for 'A/b/c', a folder"),
    ] {
      #expect(failure { try RelativePath.demandDistinct(paths) }?.message == message)
    }
  }
}

@Suite struct FolderScanTests {
  @Test func filesComeBytewiseWithTheirModes() throws {
    let folder = try TemporaryFolder()
    for name in ["b", "a/z", "a.txt", "Z", "a/y/x", "é"] { try folder.write(name, [1, 2, 3]) }
    unsafe chmod(folder.path + "/Z", 0o750)
    unsafe chmod(folder.path + "/b", 0o4644)
    let scan = try FolderScan(path: folder.path)
    #expect(scan.files.map(\.relativePath) == ["Z", "a.txt", "a/y/x", "a/z", "b", "é"])
    #expect(scan.files.map(\.path) == scan.files.map { folder.path + "/" + $0.relativePath })
    #expect(scan.files[0].mode == 0o750 && scan.files[4].mode == 0o644)
    #expect(scan.files.allSatisfy { $0.byteCount == 3 } && scan.skipped.isEmpty)
    #expect(try FolderScan(path: folder.path + "/").files.map(\.path) == scan.files.map(\.path))
  }

  @Test func cachesAndEmptyFoldersAreLeftOutAndListed() throws {
    let folder = try TemporaryFolder()
    for name in [".git/HEAD", ".cache/huggingface/x", "a/.git", "a/b", ".gitattributes", ".tare-1-x.partial"] {
      try folder.write(name)
    }
    try FileManager.default.createDirectory(atPath: folder.path + "/empty", withIntermediateDirectories: true)
    let scan = try FolderScan(path: folder.path)
    #expect(scan.files.map(\.relativePath) == [".gitattributes", "a/b"])
    #expect(scan.skipped == [".cache/", ".git/", ".tare-1-x.partial", "a/.git", "empty/"])
  }

  @Test func linksAreFollowedToFilesAndFolders() throws {
    let (outside, folder) = (try TemporaryFolder(), try TemporaryFolder())
    try outside.write("blob", [1, 2])
    try outside.write("sub/deep", [3])
    try folder.link("model.safetensors", to: outside.path + "/blob")
    try folder.link("sub", to: outside.path + "/sub")
    try folder.link("again", to: "sub")
    let scan = try FolderScan(path: folder.path)
    #expect(scan.files.map(\.relativePath) == ["again/deep", "model.safetensors", "sub/deep"])
    #expect(scan.files.map(\.byteCount) == [1, 2, 1])
  }

  @Test func linksToNothingAreNamed() throws {
    let folder = try TemporaryFolder()
    try folder.write("a/b")
    try folder.link("a/gone", to: "nowhere")
    let error = try #require(failure { _ = try FolderScan(path: folder.path) })
    #expect(error.code == .missing && error.context == [folder.path, "'a/gone'"])
  }

  @Test func loopsEnd() throws {
    let folder = try TemporaryFolder()
    try folder.write("a/b/c")
    try folder.link("a/b/up", to: "../..")
    let error = try #require(failure { _ = try FolderScan(path: folder.path) })
    #expect(error.context.last == "'a/b/up'" && error.message == "leads back to a folder that holds it")
  }

  /// Each folder holds two links to the next and nothing else: 2^31 paths on the way to one file.
  @Test func linksThatMultiplyMeetTheLimit() throws {
    let folder = try TemporaryFolder()
    for level in 0..<30 {
      try FileManager.default.createDirectory(atPath: folder.path + "/f\(level)", withIntermediateDirectories: true)
      try folder.link("f\(level)/a", to: "../f\(level + 1)")
      try folder.link("f\(level)/b", to: "../f\(level + 1)")
    }
    try folder.write("f30/x")
    var limits = Limits()
    limits.files = 2000
    #expect(failure { _ = try FolderScan(path: folder.path, limits: limits) }?.code == .malformed)
  }

  @Test func whatIsNoFileIsRefused() throws {
    let folder = try TemporaryFolder()
    unsafe mkfifo(folder.path + "/pipe", 0o600)
    let error = failure { _ = try FolderScan(path: folder.path) }
    #expect(error?.code == .unsupported && error?.context.last == "'pipe'")
  }

  @Test func namesThatDifferInCaseAreRefused() throws {
    let folder = try TemporaryFolder()
    try folder.write("Readme")
    try folder.write("README")
    #expect(failure { _ = try FolderScan(path: folder.path) }?.code == .malformed)
  }

  @Test func whatIsNoFolderIsMissing() throws {
    let folder = try TemporaryFolder()
    try folder.write("file")
    #expect(failure { _ = try FolderScan(path: folder.path + "/file") }?.code == .missing)
    #expect(failure { _ = try FolderScan(path: folder.path + "/none") }?.code == .missing)
  }

  @Test func namesThatAreNotUTF8AreRefused() throws {
    let folder = try TemporaryFolder()
    let name: [CChar] = Array(folder.path.utf8CString.dropLast()) + [0x2F, -1, 0]
    close(unsafe open(name, O_CREAT | O_WRONLY, 0o600))
    #expect(failure { _ = try FolderScan(path: folder.path) }?.code == .unsupported)
    unsafe unlink(name)
  }
}

@Suite struct NameTests {
  @Test func namesAreToldApartByTheirBytes() {
    var index = NameIndex()
    #expect(index["a"] == nil)
    #expect(index.insert("caf\u{E9}") == nil)
    #expect(index.insert("cafe\u{301}") == nil)
    #expect(index.insert("caf\u{E9}") == 0)
    #expect(index["cafe\u{301}"] == 1 && index.count == 2)
    #expect(index.insert("") == nil && index.insert("") == 2)
    #expect(ExactName("caf\u{E9}") != ExactName("cafe\u{301}"))
  }

  @Test func manyNamesAreFoundAgain() {
    var index = NameIndex()
    for number in 0..<5000 { #expect(index.insert("layers.\(number).weight") == nil) }
    for number in 0..<5000 { #expect(index["layers.\(number).weight"] == number) }
    #expect(index["layers.5000.weight"] == nil)
  }

  @Test func shardNamesAreTakenApartAndPutTogether() throws {
    let shard = try #require(ShardName("model.fp16-00002-of-00013.safetensors", suffix: ".safetensors"))
    #expect(shard.prefix == "model.fp16" && shard.number == 2 && shard.count == 13)
    #expect(shard.name(ofShard: 7) == "model.fp16-00007-of-00013.safetensors")
    let hyphens = try #require(ShardName("a-b-1-of-2.gguf", suffix: ".gguf"))
    #expect(hyphens.prefix == "a-b" && hyphens.name(ofShard: 1) == "a-b-1-of-2.gguf")
    for name in [
      "model.safetensors", "m-00001-of-00003.bin", "m-00004-of-00003.safetensors", "m-00000-of-00003.safetensors",
      "m-001-of-00003.safetensors", "m-+0001-of-00003.safetensors", "00001-of-00003.safetensors",
      "m-00001-00003.safetensors", "m-99999999999999999999-of-99999999999999999999.safetensors",
    ] {
      #expect(ShardName(name, suffix: ".safetensors") == nil, "\(name)")
    }
  }
}
