internal import Kernels
internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct GGUFModelTests {
  private let golden = testdata + "/gguf"
  private let parts = (1...3).map { "split-0000\($0)-of-00003.gguf" }

  private func bytes(_ model: GGUFModel, _ name: String, _ range: Range<Int>? = nil) throws -> [UInt8] {
    let tensor = try #require(model.catalog.tensors.firstIndex { $0.info.name == name })
    let range = range ?? 0..<model.catalog.tensors[tensor].info.byteCount
    return try model.makeSession().withBytes(of: tensor, range) { span throws(ModelError) in
      (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
  }

  private func littleEndian(_ values: [some FixedWidthInteger]) -> [UInt8] {
    values.flatMap { value in (0..<(type(of: value).bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
  }

  @Test func sessionsLendTheTensorsBytes() throws {
    let path = golden + "/all_types.gguf"
    let file = try fileBytes(path)
    let model = try GGUFModel.open(path: path)
    #expect(model.formatName == "gguf" && model.byteCount == file.count && model.path == path)
    for entry in model.catalog.tensors {
      let start = try #require(entry.offset)
      #expect(try bytes(model, entry.info.name) == Array(file[start..<(start + entry.info.byteCount)]))
    }
  }

  @Test func bigEndianTensorsAreLentLittleEndian() throws {
    let model = try GGUFModel.open(path: golden + "/big_endian.gguf")
    #expect(try bytes(model, "i64") == littleEndian([-2, -1, 0, 1, 2, 3] as [Int64]))
    #expect(try bytes(model, "i64", 5..<11) == Array(littleEndian([-2, -1] as [Int64])[5..<11]))
    #expect(try bytes(model, "i64", 8..<8) == [])
  }

  /// Fields of 2 and 4 bytes turn, those of bytes stay.
  @Test func blocksTurnByTheWordsOfTheirFields() {
    func turned(_ dtype: DType) -> [UInt8] {
      let block = (0..<dtype.blockBytes).map { UInt8(truncatingIfNeeded: $0) }
      return unsafe [UInt8](unsafeUninitializedCapacity: block.count) { target, count in
        unsafe ByteSwap.turn(block.rawSpan, dtype, into: UnsafeMutableRawPointer(target.baseAddress!))
        count = block.count
      }
    }
    #expect(turned(.q4_0) == [1, 0] + (2..<18))
    #expect(turned(.q4_1) == [1, 0, 3, 2] + (4..<20))
    #expect(turned(.mxfp4) == Array(0..<17))
    #expect(turned(.q6_k) == Array(0..<208) + [209, 208])
    #expect(Array(turned(.q8_k)[..<5]) == [3, 2, 1, 0, 4])
    #expect(Array(turned(.iq2_xxs)[..<12]) == [1, 0, 2, 3, 4, 5, 9, 8, 7, 6, 10, 11])
    #expect(turned(.c64) == [3, 2, 1, 0, 7, 6, 5, 4])
    #expect(!ByteSwap.changes(.mxfp4) && !ByteSwap.changes(.i8) && ByteSwap.changes(.q8_0))
  }

  // MARK: Split models

  @Test(arguments: 1...3)
  func anyPartOpensTheSet(number: Int) throws {
    let model = try GGUFModel.open(path: "\(golden)/\(parts[number - 1])")
    #expect(model.catalog.files.map(\.path) == parts)
    #expect(model.catalog.tensors.map(\.info.name) == (0..<5).map { "blk.\($0).weight" })
    #expect(model.catalog.tensors.map(\.file) == [0, 0, 1, 1, 2])
    #expect(model.catalog.metadata.map(\.key).first == "general.architecture")
  }

  @Test func aPartAloneOpensWhereTheCallerSaysSoOrItsSiblingsAreAway() throws {
    let model = try GGUFModel.open(path: "\(golden)/\(parts[1])", set: false)
    #expect(model.catalog.tensors.map(\.info.name) == ["blk.2.weight", "blk.3.weight"])
    let folder = try TemporaryFolder()
    try folder.copy("\(golden)/\(parts[2])", to: parts[2])
    let alone = try GGUFModel.open(path: "\(folder.path)/\(parts[2])").catalog
    #expect(alone.tensors.count == 1)
    #expect(alone.omissions.map(\.name) == [parts[0], parts[1]])
    try folder.copy("\(golden)/\(parts[2])", to: "x.gguf")
    let renamed = try GGUFModel.open(path: "\(folder.path)/x.gguf").catalog
    #expect(renamed.omissions.map(\.reason) == ["part 3 of 3 of a model, without the others"])
  }

  @Test func aFolderThatHoldsOneModelOpensIt() throws {
    let folder = try TemporaryFolder()
    for part in parts { try folder.copy("\(golden)/\(part)", to: part) }
    let model = try GGUFModel.open(path: folder.path)
    #expect(model.catalog.tensors.count == 5 && model.path == folder.path)
    try folder.copy("\(golden)/aligned_64.gguf", to: "a.gguf")
    let error = try #require(failure { _ = try GGUFModel.open(path: folder.path) })
    #expect(error.message == "holds several models: a.gguf, \(parts[0])")
    #expect(failure { _ = try GGUFModel.open(path: golden + "/../demo") }?.message == "holds no GGUF file")
  }

  @Test func partsThatDoNotBelongTogetherAreRefused() throws {
    let folder = try TemporaryFolder()
    try folder.copy("\(golden)/\(parts[0])", to: parts[0])
    try folder.copy("\(golden)/\(parts[0])", to: parts[1])
    try folder.copy("\(golden)/\(parts[2])", to: parts[2])
    let error = try #require(failure { _ = try GGUFModel.open(path: "\(folder.path)/\(parts[2])") })
    #expect(error.context == ["\(folder.path)/\(parts[1])"])
    #expect(error.message == "key 'split.no' is 0, expected 1 in this set")
  }

  @Test func aSetThatLacksTensorsIsRefused() throws {
    let folder = try TemporaryFolder()
    for part in parts { try folder.copy("\(golden)/\(part)", to: part) }
    var first = try fileBytes("\(golden)/\(parts[0])")
    let key = Array("split.tensors.count".utf8)
    let place = try #require((0..<first.count).first { first[$0...].starts(with: key) })
    first[place + key.count + 4] += 1
    try folder.write(parts[0], first)
    let error = try #require(failure { _ = try GGUFModel.open(path: folder.path) })
    #expect(error.message == "key 'split.tensors.count' is 6, expected 5 in this set")
  }

  @Test func errorsOfAFileNameItOnce() throws {
    let path = testdata + "/hostile/gguf/data_cut.gguf"
    let error = try #require(failure { _ = try GGUFModel.open(path: path) })
    #expect(error.context == [path, "tensor 'x'"])
  }
}
