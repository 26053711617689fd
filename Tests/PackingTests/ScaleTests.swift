internal import ByteStore
internal import Containers
internal import Encodings
internal import Foundation
internal import Synchronization
internal import TensorModel
internal import Testing

@testable internal import Packing

/// Many tensors, and files that are mostly holes.
struct ScaleTests {
  @Test func manyTensorsAreReadAndWrittenOnce() throws {
    let count = 20_000
    let folder = try Folder()
    let tensors = (0..<count).map { number in
      (
        name: "model.layers.\(number / 384).mlp.experts.\(number % 384).gate_proj.weight", shape: [2, 2],
        bytes: (0..<8).map { UInt8(truncatingIfNeeded: number >> (4 * ($0 % 4))) }
      )
    }
    let model = try folder.write(tensors, "model.safetensors")
    let output = try CountingOutput(path: folder.path("model.tare"))
    _ = try Packer.pack(PackSource.open(path: model), into: output, PackOptions(effort: Effort(level: 3), threads: 2))
    // A chunk and a directory each; the packed header in a few chunks; header, index and footer.
    #expect(output.writes <= 2 * count + 20)

    let packed = try PackedFile(path: output.path)
    let findings = try PackedCheck.run(packed, threads: 2, memory: 512 << 20)
    #expect(findings.count == count && findings.allSatisfy { $0.failure == nil })
    #expect(packed.bytesRead <= 4 * packed.packedByteCount)
    let back = folder.path("back")
    try Unpacker.unpack(packed, to: back, .init(threads: 2))
    #expect(packed.bytesRead <= 8 * packed.packedByteCount)
    #expect(try bytes(back) == bytes(model))
  }

  @Test func sparseFileGivesWhatItsDenseCopyGives() throws {
    let folder = try Folder()
    let tensorBytes = 24 << 20
    let text =
      #"{"a":{"dtype":"F32","shape":[3072,2048],"data_offsets":[0,\#(tensorBytes)]},"#
      + #""b":{"dtype":"BF16","shape":[6144,2048],"data_offsets":[\#(tensorBytes),\#(2 * tensorBytes)]},"#
      + #""c":{"dtype":"F16","shape":[3],"data_offsets":[\#(2 * tensorBytes),\#(2 * tensorBytes + 6)]}}"#
    let dataStart = 8 + text.utf8.count
    let sparse = folder.path("sparse.safetensors")
    var header = ByteWriter()
    header.integer(UInt64(text.utf8.count))
    header.append(text.utf8)
    try Data(header.bytes).write(to: URL(fileURLWithPath: sparse))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: sparse))
    try file.truncate(atOffset: UInt64(dataStart + 2 * tensorBytes + 6))
    // A thousand bytes in the middle of a chunk, and across the end of one.
    let middle = dataStart + tensorBytes + 5_000_000
    try file.seek(toOffset: UInt64(middle))
    try file.write(contentsOf: Data(repeating: 0x3D, count: 1000))
    let edge = dataStart + tensorBytes + (12 << 20) - 500
    try file.seek(toOffset: UInt64(edge))
    try file.write(contentsOf: Data(repeating: 0xBE, count: 1000))
    try file.close()
    let dense = folder.path("dense.safetensors")
    try Data(bytes(sparse)).write(to: URL(fileURLWithPath: dense))

    let packed = try folder.pack(sparse)
    #expect(try bytes(packed) == bytes(folder.pack(dense)))
    let back = folder.path("back")
    try Unpacker.unpack(PackedFile(path: packed), to: back, .init(threads: 2, maximumExpansion: .max))
    #expect(try bytes(back) == bytes(dense))
    for path in [sparse, dense] {
      let session = try SafetensorsModel.open(path: path).makeSession()
      let inB = 5_000_000 / 4096 * 4096
      #expect(try session.repeatedBlock(of: 1, inB..<(inB + 8192)) == nil)
      #expect(try session.repeatedBlock(of: 1, 0..<(24 << 20)) == nil)
      // What a hole is known to be is what reading gives.
      for range in [0..<(1 << 20), (3 << 20)..<(5 << 20)] {
        guard let block = try session.repeatedBlock(of: 0, range) else { continue }
        #expect(block == [0, 0, 0, 0])
      }
    }
    let sparseMap = try MappedFile(path: sparse)
    let denseMap = try MappedFile(path: dense)
    let isHole = [
      denseMap.isHole(dataStart..<denseMap.byteCount), sparseMap.isHole(middle..<(middle + 1)),
      sparseMap.isHole(edge..<(edge + 1)), sparseMap.isHole(0..<sparseMap.byteCount), sparseMap.isHole(7..<7),
    ]
    #expect(isHole == [false, false, false, false, false])
    // Where the file system tells of holes, as those of Linux do.
    let isSparse = try FileStatusBlocks.bytes(sparse) < sparseMap.byteCount / 2
    let isKnown = sparseMap.isHole((dataStart + (1 << 20))..<(dataStart + (2 << 20)))
    #expect(isKnown == isSparse)
  }
}

/// Bytes that a file takes on its disk.
private enum FileStatusBlocks {
  static func bytes(_ path: String) throws -> Int {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw CocoaError(.fileReadUnknown) }
    return Int(status.st_blocks) * 512
  }
}

/// An output file that counts what is written to it.
private final class CountingOutput: PositionalOutput {
  private let file: OutputFile
  private let count = Atomic<Int>(0)
  var writes: Int { count.load(ordering: .relaxed) }
  var path: String { file.path }
  var freeBytes: Int? { file.freeBytes }

  init(path: String) throws { file = try OutputFile(path: path) }

  func write(_ bytes: RawSpan, at offset: Int) throws(ModelError) {
    count.wrappingAdd(1, ordering: .relaxed)
    try file.write(bytes, at: offset)
  }
  func setByteCount(_ count: Int) throws(ModelError) { try file.setByteCount(count) }
  func finish() throws(ModelError) { try file.finish() }
}
