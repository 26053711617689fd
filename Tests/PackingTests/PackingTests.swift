internal import ByteStore
internal import Containers
internal import Encodings
internal import Foundation
internal import MemoryModel
internal import TensorModel
internal import Testing

@testable internal import Packing

/// Packed files written, opened, read in parts, unpacked, and broken in every byte.
struct PackingTests {
  @Test(arguments: goldenModels, [1, 3, 6])
  func whatIsPackedUnpacksToTheSameBytes(model: String, level: Int) throws {
    let folder = try Folder()
    let packed = try folder.pack(model, level: level)
    let output = folder.path("back")
    try Unpacker.unpack(PackedFile(path: packed), to: output, .init(threads: 2, maximumExpansion: .max))
    #expect(try bytes(output) == bytes(model))
    let findings = try PackedCheck.run(PackedFile(path: packed), threads: 2, memory: 512 << 20)
    #expect(findings.allSatisfy { $0.failure == nil })
  }

  @Test func theSameBytesComeOutForAnyNumberOfThreads() throws {
    let folder = try Folder()
    let model = try folder.write(matrix(rows: 600, columns: 1024), "model.safetensors")
    let one = try bytes(folder.pack(model, threads: 1))
    #expect(try bytes(folder.pack(model, threads: 2)) == one)
    #expect(try bytes(folder.pack(model, threads: 5)) == one)
  }

  @Test func everyFlippedByteIsNoticed() throws {
    let folder = try Folder()
    let packed = try folder.pack(demo)
    let sound = try bytes(packed)
    let broken = folder.path("broken.tare")
    // What steers decoding, at both ends of the file, closely; the chunks' bytes in wider steps.
    let indices = sound.indices.filter { $0 % ($0 < 2000 || $0 > sound.count - 2500 ? 5 : 61) == 0 }
    for index in indices {
      var damaged = sound
      damaged[index] ^= UInt8(1 << (index % 8))
      try Data(damaged).write(to: URL(fileURLWithPath: broken))
      #expect(isDamaged(broken), "byte \(index) of \(sound.count)")
    }
  }

  @Test func everyTruncationIsAnError() throws {
    let folder = try Folder()
    let sound = try bytes(folder.pack(demo))
    let broken = folder.path("broken.tare")
    for length in stride(from: 0, to: sound.count, by: 397) {
      try Data(sound.prefix(length)).write(to: URL(fileURLWithPath: broken))
      #expect(throws: ModelError.self) { try PackedFile(path: broken) }
    }
  }

  @Test func aTensorAndItsRowsAreReadAlone() throws {
    let folder = try Folder()
    let columns = 1024
    let model = try folder.write(matrix(rows: 4096, columns: columns), "model.safetensors")
    let file = try PackedFile(path: folder.pack(model))
    let reader = try PackedModel(file)
    let opening = file.bytesRead
    #expect(opening < 20_000)
    let session = reader.makeSession()
    let row = 2 * columns
    let original = try SafetensorsModel.open(path: model).makeSession()
    try session.withBytes(of: 0, (3000 * row)..<(3003 * row)) { part throws(ModelError) in
      try original.withBytes(of: 0, (3000 * row)..<(3003 * row)) { whole in
        #expect(unsafe part.withUnsafeBytes { unsafe [UInt8]($0) } == whole.withUnsafeBytes { unsafe [UInt8]($0) })
      }
    }
    // One chunk of a mebibyte of dense bytes, and the directory.
    #expect(file.bytesRead - opening < 1 << 20)
    #expect(file.packedByteCount > 4 << 20)
  }

  @Test func duplicatesAreStoredOnceAndLookalikesTwice() throws {
    let folder = try Folder()
    var other = [UInt8](repeating: 7, count: 8192)
    let first = other
    other[8000] = 8
    let model = try folder.write(
      [("a", first), ("b", first), ("c", other)].map { (name: $0.0, shape: [4096], bytes: $0.1) }, "model.safetensors")
    let file = try PackedFile(path: folder.pack(model))
    #expect(file.index.entries.map(\.role) == [.literal, .tensor, .tensor, .alias])
    let output = folder.path("back")
    try Unpacker.unpack(file, to: output, .init(threads: 1))
    #expect(try bytes(output) == bytes(model))
  }

  @Test func aFolderComesBackWithItsFilesAndModes() throws {
    let folder = try Folder()
    let source = folder.path("checkpoint")
    let files = FileManager.default
    try files.createDirectory(atPath: source + "/nested", withIntermediateDirectories: true)
    try files.copyItem(atPath: demo, toPath: source + "/model.safetensors")
    try Data("{\"a\": 1}".utf8).write(to: URL(fileURLWithPath: source + "/config.json"))
    try Data().write(to: URL(fileURLWithPath: source + "/nested/empty"))
    try files.setAttributes([.posixPermissions: 0o640], ofItemAtPath: source + "/config.json")
    let packed = try folder.pack(source)
    let output = folder.path("back")
    try Unpacker.unpack(PackedFile(path: packed), to: output, .init(threads: 2))
    for name in ["model.safetensors", "config.json", "nested/empty"] {
      #expect(try bytes(output + "/" + name) == bytes(source + "/" + name))
    }
    let mode = try files.attributesOfItem(atPath: output + "/config.json")[.posixPermissions] as? Int
    #expect(mode == 0o640)
    #expect(throws: ModelError.self) {
      try Unpacker.unpack(PackedFile(path: packed), to: output, .init(threads: 2))
    }
  }

  @Test func expansionBeyondTheLimitIsRefusedAndLeavesNothing() throws {
    let folder = try Folder()
    let model = try folder.write(
      [(name: "zeros", shape: [40 << 20], bytes: [UInt8](repeating: 0, count: 80 << 20))], "model.safetensors")
    let file = try PackedFile(path: folder.pack(model))
    let output = folder.path("back")
    let error = #expect(throws: ModelError.self) { try Unpacker.unpack(file, to: output, .init(threads: 2)) }
    #expect(error?.hint?.contains("--max-expansion") == true)
    #expect(!FileManager.default.fileExists(atPath: output))
    try Unpacker.unpack(file, to: output, .init(threads: 2, maximumExpansion: .max))
    #expect(try bytes(output) == bytes(model))
  }

  private func isDamaged(_ path: String) -> Bool {
    do throws(ModelError) {
      let file = try PackedFile(path: path)
      return try PackedCheck.run(file, threads: 1, memory: 64 << 20).contains { $0.failure != nil }
    } catch {
      return true
    }
  }

  private func matrix(rows: Int, columns: Int) -> [(name: String, shape: [Int], bytes: [UInt8])] {
    var random = SeededRandom("packing", seed: 3)
    let bytes = (0..<(rows * columns)).flatMap { _ -> [UInt8] in
      let bits = random.next()
      return [UInt8(truncatingIfNeeded: bits), 0x3C | UInt8(truncatingIfNeeded: bits >> 8) & 0x81]
    }
    return [(name: "weight", shape: [rows, columns], bytes: bytes)]
  }
}
