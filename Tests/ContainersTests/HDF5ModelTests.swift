internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct HDF5ModelTests {
  private static let golden = testdata + "/hdf5"
  private static let files = (try? Set(table("hdf5/expected.tsv").map { $0[0] }).sorted()) ?? []

  private static func model(_ name: String) throws(ModelError) -> HDF5Model {
    try HDF5Model.open(path: "\(golden)/\(name)")
  }

  private static func bytes(
    _ session: any TensorSession, _ tensor: Int, _ range: Range<Int>
  ) throws(ModelError) -> [UInt8] {
    try session.withBytes(of: tensor, range) { span throws(ModelError) in
      (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
  }

  // MARK: Tensors

  @Test(arguments: files)
  func tensorsAreWhatTheReferenceSees(file: String) throws {
    let model = try Self.model(file)
    let session = model.makeSession()
    let seen = try model.catalog.tensors.enumerated().map { number, entry in
      let shape = entry.info.shape.map(String.init).joined(separator: "x")
      let storage = try #require(model.storage(of: number)).layout
      var hash = "unsupported"
      do throws(ModelError) {
        hash = fnv1a64(try Self.bytes(session, number, 0..<entry.info.byteCount)[...])
      } catch {
        #expect(error.code == .unsupported && error.context == ["tensor '\(entry.info.name)'"])
      }
      return [
        file, "\"\(entry.info.name)\"", entry.info.dtype.name, shape.isEmpty ? "-" : shape, storage,
        "\(entry.info.byteCount)", hash,
      ].joined(separator: "\t")
    }
    let rows = try table("hdf5/expected.tsv").filter { $0[0] == file }.map { $0.joined(separator: "\t") }
    #expect(seen.sorted() == rows.sorted())
  }

  /// Ranges begin and end anywhere, inside elements too.
  @Test(arguments: ["chunked.h5", "indices.h5", "plain.h5", "user_block.h5"])
  func anyRangeIsThatPartOfTheTensor(file: String) throws {
    let model = try Self.model(file)
    let session = model.makeSession()
    var random = SystemRandomNumberGenerator()
    for (number, entry) in model.catalog.tensors.enumerated() where entry.info.byteCount > 0 {
      let whole = try Self.bytes(session, number, 0..<entry.info.byteCount)
      for _ in 0..<40 {
        let start = Int.random(in: 0...whole.count, using: &random)
        let range = start..<Int.random(in: start...whole.count, using: &random)
        #expect(try Self.bytes(session, number, range) == Array(whole[range]), "\(entry.info.name) \(range)")
      }
      let grid = model.grid(of: number)
      let chunks = (0..<grid.count).map(grid.bytes(ofChunk:))
      #expect(chunks.first?.lowerBound == 0 && chunks.last?.upperBound == whole.count, "\(entry.info.name)")
      #expect(zip(chunks, chunks.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound }, "\(entry.info.name)")
    }
  }

  /// A block that repeats is what the bytes are.
  @Test func chunksThatWereNeverWrittenAreKnownWithoutReading() throws {
    let model = try Self.model("chunked.h5")
    let session = model.makeSession()
    func block(_ name: String, _ range: Range<Int>) throws -> [UInt8]? {
      let tensor = try #require(model.catalog.tensors.firstIndex { $0.info.name == name })
      return try session.repeatedBlock(of: tensor, range)
    }
    // -1.5, big-endian in the file; chunks have 6 rows of 30.
    #expect(try block("sparse/filled", 0..<(6 * 30 * 4)) == [0, 0, 0xC0, 0xBF])
    #expect(try block("sparse/filled", 0..<(6 * 30 * 4 + 1)) == nil)
    #expect(try block("sparse/filled", (12 * 30 * 4)..<(20 * 30 * 4)) == [0, 0, 0xC0, 0xBF])
    #expect(try block("sparse/nothing", 0..<(20 * 30 * 8)) == [0, 0, 0, 0, 0, 0, 0x1C, 0x40])
    #expect(try block("shapes/3", 0..<4) == nil)
  }

  @Test func tensorsComeInTheOrderOfTheirNamesOrOfTheirCreation() throws {
    #expect(try Self.model("ordered.h5").catalog.tensors.map(\.info.name) == ["z", "b", "a/x", "a/y"])
    let names = try Self.model("plain.h5").catalog.tensors.map(\.info.name)
    #expect(names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
  }

  @Test func bytesThatLieInOnePieceAreWhereTheCatalogSays() throws {
    for name in Self.files {
      let model = try Self.model(name)
      let file = try fileBytes("\(Self.golden)/\(name)")
      let session = model.makeSession()
      for tensor in model.files[0].layout.tensors {
        let number = try #require(model.catalog.tensors.firstIndex { $0.info == tensor.info })
        #expect(try Self.bytes(session, number, 0..<tensor.range.count) == Array(file[tensor.range]), "\(tensor.info)")
      }
    }
    let plain = try Self.model("plain.h5").files[0].layout.tensors.map(\.info.name)
    #expect(plain.contains("compact") && plain.contains("little/f4") && plain.contains("big/u1"))
    #expect(!plain.contains("big/f4") && !plain.contains("unwritten"))
  }

  // MARK: What is no tensor

  @Test func whatIsNotReadIsNamedWithTheReason() throws {
    let omissions = try Self.model("links.h5").catalog.omissions.map { "\($0.name): \($0.reason)" }
    #expect(
      omissions == [
        "type: a named type", "a/loop: another name of ''", "b: another name of 'a'",
        "dangling: a soft link to '/nowhere'",
        "outside: a link to '/x' in the file 'other.h5'", "soft: a soft link to '/b/weight'",
        "z: another name of 'a/weight'",
      ])
    let types = try Self.model("types.h5").catalog.omissions.map { "\($0.name): \($0.reason)" }
    #expect(
      types == [
        "bf16/unmarked: opaque elements of 2 bytes", "c128: complex numbers of 16 bytes",
        "compound: compounds of 2 members", "f8/unmarked: opaque elements of 1 byte", "fixed: strings",
        "long: floats of 80 bits with 15 of exponent and a bias of 16383", "null: a null dataspace",
        "reference: references", "sequences: sequences of any length", "strings: strings",
      ])
  }

  @Test func attributesAreMetadataWithTheirTypes() throws {
    let model = try Self.model("attributes.h5")
    let seen = String(decoding: MetadataText.write(model.catalog.metadata), as: UTF8.self)
    let floats = "[1.0,2.0,0.0,100.0]"
    let numbers = ["<", ">"].flatMap { order in
      [
        ("f2", "f16", floats), ("f4", "f32", floats), ("f8", "f64", floats), ("i1", "i8", "[1,2,0,100]"),
        ("i4", "i32", "[1,2,0,100]"), ("u2", "u16", "[1,2,0,100]"), ("u8", "u64", #"["1","2","0","100"]"#),
      ].map { kind, type, values in
        #"{"key":"group%25/name%40x@\#(order)\#(kind)","type":"\#(type)[]","shape":[2,2],"value":\#(values)}"#
      }
    }
    let expected =
      [
        #"{"key":"@a@b","type":"i32","value":-7}"#, #"{"key":"fixed","type":"string","value":"ab"}"#,
        #"{"key":"text","type":"string","value":"grüße"}"#,
      ] + numbers + [
        #"{"key":"group%25/name%40x@arrays","type":"i16[]","shape":[2,3],"value":[0,1,2,3,4,5]}"#,
        #"{"key":"group%25/name%40x@fixed names","type":"string[]","shape":[1,2],"value":["a ","\u0000b"]}"#,
        #"{"key":"group%25/name%40x@flag","type":"bool","value":true}"#,
        #"{"key":"group%25/name%40x@names","type":"string[]","value":["kernel:0","","bias:0"]}"#,
        #"{"key":"group%25/name%40x@nan","type":"f32","value":"nan:7fc00001"}"#,
        #"{"key":"group%25/name%40x@none","type":"f64[]","value":[]}"#,
      ]
    #expect(seen == "[" + expected.joined(separator: ",") + "]")
    #expect(
      model.catalog.omissions.map { "\($0.name): \($0.reason)" } == [
        "nothing: an attribute of a null dataspace",
        "group%25/name%40x@pairs: an attribute of compounds of 2 members",
        "group%25/name%40x@reference: an attribute of references",
      ])
  }

  @Test func keysAreToldApartByTheirFirstAt() {
    #expect(HDF5Key.of("a", path: "") == "a")
    #expect(HDF5Key.of("a@b", path: "") == "@a@b")
    #expect(HDF5Key.of("a", path: "x/y") == "x/y@a")
    #expect(HDF5Key.of("@a", path: "x@y%") == "x%40y%25@@a")
  }

  // MARK: Recognising

  @Test(arguments: [(0, true), (512, true), (1024, true), (32768, true), (256, false), (1536, false), (1, false)])
  func signatureStandsAtZeroOrBehindAUserBlock(place: Int, isThere: Bool) {
    let bytes = [UInt8](repeating: 1, count: place) + [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    func isIn(_ bytes: [UInt8]) -> Bool { HDF5Signature.isIn(bytes.rawSpan) }
    #expect(isIn(bytes) == isThere)
    #expect(!isIn(Array(bytes.dropLast())))
  }

  @Test func aLaterSuperblockIsUnsupported() throws {
    let folder = try TemporaryFolder()
    var bytes = try fileBytes(Self.golden + "/plain.h5")
    bytes[8] = 4
    try folder.write("later.h5", bytes)
    let error = try #require(failure { _ = try HDF5Model.open(path: folder.path + "/later.h5") })
    #expect(error.code == .unsupported && error.byteOffset == 8)
  }

  @Test func aFolderThatHoldsOneFileOpensIt() throws {
    let folder = try TemporaryFolder()
    try folder.copy(Self.golden + "/plain.h5", to: "plain.h5")
    #expect(try HDF5Model.open(path: folder.path).catalog.files.map(\.path) == ["plain.h5"])
    try folder.copy(Self.golden + "/links.h5", to: "links.hdf5")
    let error = try #require(failure { _ = try HDF5Model.open(path: folder.path) })
    #expect(error.message == "holds several models: links.hdf5, plain.h5")
  }
}
