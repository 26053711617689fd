internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct SafetensorsModelTests {
  private let golden = testdata + "/safetensors"
  private let shards = (1...3).map { "model-0000\($0)-of-00003.safetensors" }

  /// The tensor's bytes, through a session.
  private func bytes(_ model: SafetensorsModel, _ name: String, _ range: Range<Int>? = nil) throws -> [UInt8] {
    let tensor = try #require(model.catalog.tensors.firstIndex { $0.info.name == name })
    let session = model.makeSession()
    let range = range ?? 0..<model.catalog.tensors[tensor].info.byteCount
    let bytes = try session.withBytes(of: tensor, range) { span throws(ModelError) in
      (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
    session.release(of: tensor, range)
    return bytes
  }

  /// A copy of the sharded golden model.
  private func shardedFolder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for name in shards + ["model.safetensors.index.json", "config.json"] {
      try folder.copy("\(golden)/sharded/\(name)", to: name)
    }
    return folder
  }

  private func file(_ tensors: String...) -> [UInt8] {
    let entries = tensors.enumerated().map { place, name in
      #""\#(name)":{"dtype":"U8","shape":[1],"data_offsets":[\#(place),\#(place + 1)]}"#
    }
    return safetensors("{" + entries.joined(separator: ",") + "}", data: tensors.indices.map { UInt8($0) })
  }

  private func index(_ map: String) -> [UInt8] { Array(#"{"metadata":{},"weight_map":\#(map)}"#.utf8) }

  // MARK: What is lent

  @Test func sessionsLendTheTensorsBytes() throws {
    let path = golden + "/misaligned.safetensors"
    let file = try fileBytes(path)
    let model = try SafetensorsModel.open(path: path)
    #expect(model.formatName == "safetensors" && model.byteCount == file.count && model.path == path)
    #expect(model.catalog.files.map(\.path) == ["misaligned.safetensors"])
    for entry in model.catalog.tensors {
      let start = try #require(entry.offset)
      #expect(try bytes(model, entry.info.name) == Array(file[start..<(start + entry.info.byteCount)]))
    }
    let start = try #require(model.catalog.tensors[1].offset)
    #expect(try bytes(model, "f32", 5..<11) == Array(file[(start + 5)..<(start + 11)]))
    #expect(try bytes(model, "f32", 24..<24).isEmpty)
  }

  @Test func emptyTensorsLendNothing() throws {
    let model = try SafetensorsModel.open(path: golden + "/scalars_and_empties.safetensors")
    #expect(try bytes(model, "empty.last").isEmpty)
    #expect(try bytes(model, "scalar").count == 4)
    #expect(model.grid(of: 0).count == 0)
  }

  @Test func errorsOfAFileNameItOnce() throws {
    let path = testdata + "/hostile/safetensors/hole.safetensors"
    let error = try #require(failure { _ = try SafetensorsModel.open(path: path) })
    #expect(error.context == [path, "tensor 'b'"])
    let absent = try #require(failure { _ = try SafetensorsModel.open(path: "/nonexistent/model.safetensors") })
    #expect(absent.code == .missing && absent.context == ["/nonexistent/model.safetensors"])
  }

  // MARK: Sets

  @Test(arguments: ["", "/model.safetensors.index.json", "/model-00002-of-00003.safetensors"])
  func folderIndexAndShardOpenTheWholeSet(name: String) throws {
    let model = try SafetensorsModel.open(path: golden + "/sharded" + name)
    #expect(model.catalog.files.map(\.path) == shards)
    #expect(
      model.catalog.files.map(\.metadata) == Array(repeating: [MetadataEntry(key: "format", value: "pt")], count: 3))
    #expect(
      model.catalog.tensors.map(\.info.name)
        == ["layers.0.bias", "layers.0.weight", "layers.1.weight", "layers.2.bias", "layers.2.weight"])
    #expect(model.catalog.tensors.map(\.file) == [0, 0, 1, 2, 2])
    let second = try fileBytes("\(golden)/sharded/\(shards[1])")
    #expect(try bytes(model, "layers.1.weight") == Array(second[112...]))
    #expect(model.byteCount == model.files.reduce(0) { $0 + $1.map.byteCount })
  }

  @Test func aShardAloneOpensWhereTheCallerSaysSo() throws {
    let model = try SafetensorsModel.open(path: "\(golden)/sharded/\(shards[1])", set: false)
    #expect(model.catalog.tensors.map(\.info.name) == ["layers.1.weight"])
  }

  @Test func aShardOpensWithItsSiblingsOnlyIfTheyAreThere() throws {
    let folder = try TemporaryFolder()
    try folder.write("x-00002-of-00003.safetensors", file("b"))
    try folder.write("x-00001-of-00003.safetensors", file("a"))
    let path = folder.path + "/x-00002-of-00003.safetensors"
    #expect(try SafetensorsModel.open(path: path).catalog.tensors.map(\.info.name) == ["b"])
    try folder.write("x-00003-of-00003.safetensors", file("c"))
    #expect(try SafetensorsModel.open(path: path).catalog.tensors.map(\.info.name) == ["a", "b", "c"])
    try folder.write("x.safetensors.index.json", index(#"{"a":"x-00001-of-00003.safetensors"}"#))
    #expect(try SafetensorsModel.open(path: path).catalog.tensors.map(\.info.name) == ["a", "b", "c"])
    let first = folder.path + "/x-00001-of-00003.safetensors"
    #expect(try SafetensorsModel.open(path: first).catalog.tensors.map(\.info.name) == ["a"])
  }

  @Test func linksInTheCacheOfAHubAreFollowed() throws {
    let folder = try TemporaryFolder()
    try folder.write("blobs/0a1b", file("a"))
    try folder.write("blobs/2c3d", index(#"{"a":"model-00001-of-00001.safetensors"}"#))
    try folder.write("snapshots/main/config.json")
    try folder.link("snapshots/main/model-00001-of-00001.safetensors", to: "../../blobs/0a1b")
    try folder.link("snapshots/main/model.safetensors.index.json", to: "../../blobs/2c3d")
    let model = try SafetensorsModel.open(path: folder.path + "/snapshots/main")
    #expect(model.catalog.tensors.map(\.info.name) == ["a"])
  }

  // MARK: Folders

  @Test func aFolderOpensTheIndexThenTheModelThenAllFiles() throws {
    let folder = try TemporaryFolder()
    func names() throws -> [String] {
      try SafetensorsModel.open(path: folder.path).catalog.tensors.map(\.info.name)
    }
    #expect(failure { _ = try names() }?.code == .missing)
    try folder.write("b.safetensors", file("b"))
    #expect(try names() == ["b"])
    try folder.write("a.safetensors", file("a"))
    try folder.write(".hidden.safetensors", file("h"))
    #expect(try names() == ["a", "b"])
    try folder.write("model.safetensors", file("m", "a"))
    #expect(try names() == ["m", "a"])
    try folder.write("other.safetensors.index.fp16.json", index(#"{"b":"b.safetensors"}"#))
    #expect(try names() == ["b"])
    try folder.write("model.safetensors.index.json", index(#"{"a":"a.safetensors","b":"b.safetensors"}"#))
    #expect(try names() == ["a", "b"])
  }

  @Test func filesThatShareATensorNameAreListed() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.safetensors", file("x", "y"))
    try folder.write("b.safetensors", file("z", "y"))
    let error = try #require(failure { _ = try SafetensorsModel.open(path: folder.path) })
    #expect(error.description == "\(folder.path)/b.safetensors: tensor 'y' lies also in \(folder.path)/a.safetensors")
    #expect(error.hint?.contains("holds a.safetensors, b.safetensors and no index") == true)
  }

  @Test func severalIndicesAreListed() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.safetensors.index.json", index("{}"))
    try folder.write("b.safetensors.index.json", index("{}"))
    let error = failure { _ = try SafetensorsModel.open(path: folder.path + "/") }
    #expect(error?.message == "holds several models: a.safetensors.index.json, b.safetensors.index.json")
  }

  // MARK: Index

  @Test(arguments: [
    ("{}", "'weight_map' names no tensor"),
    ("[]", "expected an object for 'weight_map', found '['"),
    (#"{"a":1}"#, "expected a string for the file of tensor 'a', found '1'"),
    (#"{"a":"a.safetensors","a":"a.safetensors"}"#, "tensor 'a' comes twice"),
    (#"{"a":"../a.safetensors"}"#, "file '../a.safetensors' of tensor 'a', expected a name without a folder"),
    (#"{"a":"/etc/passwd"}"#, "expected a name without a folder"),
    (#"{"a":"s\\a.safetensors"}"#, "expected a name without a folder"),
    (#"{"a":"a\u0000"}"#, "expected a name without a folder"),
    (#"{"a":".."}"#, "expected a name without a folder"),
    (#"{"a":"."}"#, "expected a name without a folder"),
    (#"{"a":""}"#, "expected a name without a folder"),
    (#"{"a":"a.safetensors"}"#, "tensor 'b' of 'a.safetensors' is not in 'weight_map'"),
    (#"{"a":"a.safetensors","b":"c.safetensors"}"#, "tensor 'b' lies in 'a.safetensors', but 'weight_map' says"),
    (#"{"a":"a.safetensors","b":"a.safetensors","c":"a.safetensors"}"#, "tensor 'c' is not in 'a.safetensors'"),
  ])
  func anIndexMustAgreeWithItsShards(map: String, message: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("a.safetensors", file("a", "b"))
    try folder.write("c.safetensors", file("c"))
    try folder.write("model.safetensors.index.json", index(map))
    let error = try #require(failure { _ = try SafetensorsModel.open(path: folder.path) })
    #expect(error.code == .malformed)
    #expect(error.context == [folder.path + "/model.safetensors.index.json"])
    #expect(error.message.contains(message), "\(error)")
  }

  @Test func aTensorInTwoShardsIsRefused() throws {
    let folder = try TemporaryFolder()
    try folder.write("a.safetensors", file("a"))
    try folder.write("b.safetensors", file("a", "b"))
    try folder.write("model.safetensors.index.json", index(#"{"a":"a.safetensors","b":"b.safetensors"}"#))
    let error = failure { _ = try SafetensorsModel.open(path: folder.path) }
    #expect(error?.message == "tensor 'a' lies also in \(folder.path)/a.safetensors")
  }

  @Test func aMissingShardIsNamedWithTheIndexThatNamesIt() throws {
    let folder = try TemporaryFolder()
    try folder.write("x.json", index(#"{"a":"a.safetensors"}"#))
    let error = try #require(failure { _ = try SafetensorsModel.open(path: folder.path + "/x.json") })
    #expect(error.code == .missing && error.context == [folder.path + "/a.safetensors"])
    #expect(error.hint == "x.json names it")
  }

  @Test func jsonThatIsNoIndexSaysSo() throws {
    let error = failure { _ = try SafetensorsModel.open(path: golden + "/sharded/config.json") }
    #expect(error?.message == "member 'weight_map' is missing: not the index of a sharded checkpoint")
    let folder = try TemporaryFolder()
    try folder.write("i.json", Array(#"{"weight_map":{"a":"b"},"weight_map":{"a":"c"}}"#.utf8))
    #expect(
      failure { _ = try SafetensorsModel.open(path: folder.path + "/i.json") }?.message
        == "member 'weight_map' comes twice")
  }

  @Test func everyTruncationOfAnIndexIsRefused() throws {
    let index = try fileBytes(golden + "/sharded/model.safetensors.index.json")
    for count in 0..<(index.count - 2) {
      let cut = Array(index[..<count])
      #expect(
        failure { _ = try SafetensorsIndex(cut.rawSpan, limits: Limits()) }?.code == .malformed, "cut to \(count)")
    }
  }

  @Test func deepJSONInAnIndexIsRefused() throws {
    let nest = String(repeating: "[", count: 1_000_000)
    let index = Array("{\"metadata\":\(nest)".utf8)
    let error = failure { _ = try SafetensorsIndex(index.rawSpan, limits: Limits()) }
    #expect(error?.message == "JSON nests deeper than 128 levels")
  }
}
