internal import ByteStore
internal import Containers
internal import Encodings
internal import Foundation
import MemoryModel
internal import TensorModel
import Testing

@testable internal import Packing

/// A packed file read as a model.
@Suite struct PackedModelTests {
  /// A model packed by its image: long rows of zeros and ones, so that tensors have several chunks, some constant.
  private func packed(_ tensors: [MemoryModel.Tensor], metadata: [MetadataEntry] = []) throws -> PackedModel {
    let model = MemoryModel(tensors)
    let image = try FileImage(safetensors: model, tensors: Array(tensors.indices), metadata: metadata)
    let file = PackSource.File(path: "", mode: 0, byteCount: image.byteCount, content: .image(image))
    let path = folder.path("m.tare")
    _ = try Packer.pack(
      PackSource(isFolder: false, files: [file]), into: OutputFile(path: path, overwrite: true), PackOptions(threads: 2)
    )
    return try PackedModel(PackedFile(path: path))
  }

  private let folder: Folder

  init() throws { folder = try Folder() }

  private static func long() -> MemoryModel.Tensor {
    var bytes = [UInt8](repeating: 0, count: 5 << 20)
    for place in (3 << 20)..<bytes.count { bytes[place] = UInt8(truncatingIfNeeded: place &* place >> 8) }
    return .init("long", .u8, [bytes.count], bytes)
  }

  @Test func rangesAcrossChunksAreLentWhole() throws {
    let tensor = Self.long()
    let model = try packed([tensor])
    #expect(model.formatName == "tare" && model.path == folder.path("m.tare") && model.byteCount > 5 << 20)
    #expect(model.grid(of: 0).count > 1)
    let session = model.makeSession()
    for range in [0..<0, 0..<1, (1 << 20) - 1..<(1 << 20) + 1, (3 << 20) - 5..<(5 << 20), 17..<(4 << 20) + 3] {
      let lent = try session.withBytes(of: 0, range) { unsafe $0.withUnsafeBytes { unsafe Array($0) } }
      #expect(lent == Array(tensor.bytes[range]), "\(range)")
      session.release(of: 0, range)
    }
  }

  @Test func repeatedBlocksAreKnownWithoutDecoding() throws {
    let ones = [UInt8](repeatElement([0, 0, 0x80, 0x3F], count: 1 << 20).joined())
    let model = try packed([Self.long(), .init("ones", .f32, [1 << 20], ones)])
    let session = model.makeSession()
    let number = try #require(model.catalog.tensors.firstIndex { $0.info.name == "ones" })
    let long = 1 - number
    #expect(try session.repeatedBlock(of: number, 0..<(4 << 20)) == [0, 0, 0x80, 0x3F])
    #expect(try session.repeatedBlock(of: number, 0..<0) == nil)
    #expect(try session.repeatedBlock(of: long, 0..<(3 << 20)) == [0])
    // The last chunk of it is no constant, and two constants are not one.
    #expect(try session.repeatedBlock(of: long, 0..<(5 << 20)) == nil)
    #expect(try session.repeatedBlock(of: long, (4 << 20)..<(5 << 20)) == nil)
  }

  @Test func encodingsAreCountedByChunk() throws {
    let model = try packed([Self.long()])
    let counts = try model.encodings(of: 0)
    #expect(counts["constant"] == 3)
    #expect(counts.values.reduce(0, +) == model.grid(of: 0).count)
    #expect(model.packedByteCount(of: 0) > 0)
  }

  @Test func metadataInATensorIsReadAndTheTensorIsNot() throws {
    var strings = MetadataStrings()
    for number in 0..<20_000 { strings.append("token \(number)".utf8) }
    let list = [
      MetadataEntry(key: "tokens", value: .array(try MetadataArray(.strings(strings)))),
      MetadataEntry(key: "name", value: "x"),
    ]
    let model = try packed([.init("w", .u8, [3], [1, 2, 3])], metadata: list)
    #expect(model.catalog.metadata == list)
    #expect(model.catalog.tensors.map(\.info.name) == ["w"])
  }

  @Test func fileThatIsWrittenToIsFound() throws {
    let model = try packed([.init("w", .u8, [3], [1, 2, 3])])
    #expect(throws: Never.self) { try model.demandUnchanged() }
    let bytes = try bytes(model.path)
    let file = try #require(FileHandle(forUpdatingAtPath: model.path))
    try file.seek(toOffset: 100)
    try file.write(contentsOf: Data([bytes[100] ^ 1]))
    let error = #expect(throws: ModelError.self) { try model.demandUnchanged() }
    #expect(error?.description == "\(model.path): changed while it was read")
  }
}
