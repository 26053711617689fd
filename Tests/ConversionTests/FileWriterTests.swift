import Containers
import Foundation
import MemoryModel
import Packing
import TensorModel
import Testing

@testable import Conversion

@Suite struct FileWriterTests {
  private static func source(_ model: MemoryModel) throws -> PackSource {
    try OutputLayout(model, as: .safetensors, isChanged: false, limits: Limits()).file()
  }

  @Test func sameBytesWhateverTheThreadsAndTheChunks() throws {
    var random = SeededRandom("FileWriter")
    let content = random.bytes(5000 * 14)
    let folder = try Folder()
    for (number, chunkBytes) in [14, 1000, 1 << 20].enumerated() {
      let model = MemoryModel(
        [.init("w", .i16, [5000, 7], content), .init("b", .u8, [3], [1, 2, 3]), .init("n", .f64, [2, 0], [])],
        chunkBytes: chunkBytes)
      for threads in [1, 3] {
        let path = folder.path("\(number)-\(threads)")
        try FileWriter.write(Self.source(model), to: path, .init(threads: threads))
      }
    }
    let files = try folder.names.map(folder.read)
    #expect(files.count == 6 && files.allSatisfy { $0 == files[0] })
    let model = try SafetensorsModel.open(path: folder.path("0-1"))
    #expect(model.catalog.tensors.map(\.info.name) == ["n", "w", "b"])
    #expect(try bytes(of: 1, model) == content)
  }

  @Test func damageLeavesNothingBehind() throws {
    var tensor = MemoryModel.Tensor("w", .u8, [100], [UInt8](repeating: 1, count: 100))
    tensor.damage = 50..<51
    let folder = try Folder()
    let model = MemoryModel(
      [.init("a", .u8, [60], [UInt8](repeating: 2, count: 60)), tensor], path: "in", chunkBytes: 10)
    let layout = OutputLayout(model, as: .safetensors, isChanged: false, limits: Limits())
    let plan = ShardPlan(model.catalog, byteCount: 100)
    for source in [try layout.file(), try layout.folder(plan, stem: "model", companions: [])] {
      let error = #expect(throws: ModelError.self) {
        try FileWriter.write(source, to: folder.path("out"), .init(threads: 2))
      }
      #expect(error?.context == ["in", "tensor 'w'"])
      #expect(folder.names == [])
    }
  }

  @Test func zerosThatAreKnownTakeNoRoom() throws {
    let folder = try Folder()
    let model = MemoryModel([.init("w", .f32, [64 << 20], repeating: [0, 0, 0, 0])])
    try FileWriter.write(Self.source(model), to: folder.path("out"), .init(threads: 2))
    #expect(model.bytesRead == 0)
    var status = stat()
    #expect(unsafe stat(folder.path("out"), &status) == 0)
    #expect(status.st_size > 256 << 20 && status.st_blocks < 100)
  }

  @Test func whatIsWrittenIsWhatIsReadBack() throws {
    let folder = try Folder()
    let model = MemoryModel([.init("w", .f32, [2], [0, 0, 0x80, 0x3F, 0, 0, 0xC0, 0x7F])])
    try FileWriter.write(Self.source(model), to: folder.path("in"), .init(threads: 1))
    var request = ConversionRequest()
    request.dtype = .bf16
    let conversion = try Conversion(path: folder.path("in"), request)
    try FileWriter.write(conversion.files, to: folder.path("out"), .init(threads: 1))
    #expect(try conversion.compare(with: folder.path("out"), threads: 1).verdict == .identical)
    var bytes = try folder.read("out")
    bytes[bytes.count - 3] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: folder.path("out")))
    let report = try conversion.compare(with: folder.path("out"), threads: 1)
    #expect(report.verdict == .different)
    #expect(report.tensors.first?.first?.index == [0])
  }
}
