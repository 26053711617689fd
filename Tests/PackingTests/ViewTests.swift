import Containers
import Foundation
import Kernels
import TensorModel
import Testing

@testable import Packing

/// Tensors that no entry holds, and that are read through the bytes of their file.
struct ViewTests {
  private func data(_ model: PackedModel, _ name: String) throws -> [UInt8] {
    let number = try #require(model.catalog.tensors.firstIndex { $0.info.name == name })
    let whole = 0..<model.catalog.tensors[number].info.byteCount
    return try model.makeSession().withBytes(of: number, whole) { bytes in
      unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    }
  }

  private func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// The chunks are those of `testdata/filters`, each the middle one of three of its tensor.
  @Test func chunksOfEveryFilterAreDecoded() throws {
    let model = try PackedModel(PackedFile(path: repository + "/testdata/packed/viewed.tare"))
    let table = try String(contentsOfFile: repository + "/testdata/filters/chunks.tsv", encoding: .utf8)
    let rows = table.split(separator: "\n").dropFirst().map { $0.split(separator: "\t").map(String.init) }
    #expect(rows.count > 40)
    let fill = (0..<205).flatMap { _ in [UInt8](arrayLiteral: 0, 0, 0xC0, 0x3F) }
    for row in rows {
      let bytes = try data(model, row[0])
      #expect(hash(bytes[820..<1640]) == UInt64(row[4], radix: 16), "\(row[0])")
      #expect(Array(bytes[..<820]) == fill && Array(bytes[1640...]) == fill, "\(row[0])")
    }
  }

  @Test func tilesAreTurnedFilledAndUnfilteredAtEdges() throws {
    let model = try PackedModel(PackedFile(path: repository + "/testdata/packed/viewed.tare"))
    // 5 × 3 big-endian words in tiles of 4 × 2: the first went through shuffle, the others as they are, one not written.
    var expected = [UInt8](repeating: 0, count: 30)
    for row in 0..<5 {
      for column in 0..<3 {
        let inTile = row % 4 * 2 + column % 2
        let word: [UInt8] =
          switch (row / 4, column / 2) {
          case (0, 0): [UInt8(inTile + 8), UInt8(inTile)]
          case (0, 1): [UInt8(17 + 2 * inTile + 1), UInt8(17 + 2 * inTile)]
          case (1, 1): [UInt8(40 + 2 * inTile + 1), UInt8(40 + 2 * inTile)]
          default: [2, 1]
          }
        expected.replaceSubrange((row * 3 + column) * 2..<(row * 3 + column) * 2 + 2, with: word)
      }
    }
    #expect(try data(model, "tiles") == expected)
    #expect(try data(model, "scalar") == (71..<79).reversed().map { UInt8($0) })
    #expect(try data(model, "piece") == [])
  }

  /// What went through filters that no recipe has is stored once, as bytes, and is listed and read all the same.
  @Test func filteredTensorsAreViewsAndNoEntries() throws {
    let folder = try Folder()
    let file = try PackedFile(path: try folder.pack(repository + "/testdata/hdf5/chunked.h5"))
    let entries = Set(file.index.entries.map(\.info.name))
    let model = try PackedModel(file)
    let views = model.tensors.filter { $0.holder == nil }.map(\.info.name).sorted()
    #expect(
      views
        == [
          "bitshuffle", "bitshuffle_lz4", "bitshuffle_zstd", "lz4", "lzf", "zstd", "zstd_shuffled",
        ].map { "filters/" + $0 })
    #expect(entries.isDisjoint(with: views))
    let original = try HDF5Model.open(path: repository + "/testdata/hdf5/chunked.h5")
    // What only the library undoes is bytes.
    let names = Set(original.catalog.tensors.map(\.info.name)).subtracting(["filters/scaleoffset", "filters/szip"])
    #expect(model.catalog.tensors.map(\.info.name).sorted() == names.sorted())
    for (number, tensor) in model.catalog.tensors.enumerated() where views.contains(tensor.info.name) {
      let other = try #require(original.catalog.tensors.firstIndex { $0.info.name == tensor.info.name })
      #expect(model.storage(of: number) == original.storage(of: other))
      #expect(tensor.offset == nil)
    }
  }

  @Test func aLiteralThatIsDamagedIsTheTensorsDamage() throws {
    let folder = try Folder()
    let path = try folder.pack(repository + "/testdata/hdf5/chunked.h5")
    let sound = try PackedFile(path: path)
    let views = try #require(try sound.views(of: 0, EntryReader(sound), Limits()))
    let lzf = try #require(views.infos.firstIndex { $0.name == "filters/lzf" })
    let start = try #require(views.start(of: lzf))
    // The literal that holds that byte.
    var (position, place) = (0, PackedIndex.Place?.none)
    for operation in sound.index.files[0].operations {
      let count = operation.byteCount(in: sound.index.entries)
      if position <= start, start < position + count { place = sound.index.entries[operation.entry].place }
      position += count
    }
    var packed = try bytes(path)
    packed[try #require(place).offset + 40] ^= 1
    try Data(packed).write(to: URL(fileURLWithPath: path))
    let model = try PackedModel(PackedFile(path: path))
    let error = #expect(throws: ModelError.self) { _ = try data(model, "filters/lzf") }
    #expect(error?.message.contains("the checksum of chunk 0 does not hold") == true)
    let findings = try PackedCheck.run(model.file, threads: 2, memory: 512 << 20)
    #expect(findings.contains { $0.failure != nil })
  }

  @Test func anyNumberOfThreadsGivesTheSameBytes() throws {
    let folder = try Folder()
    let model = repository + "/testdata/hdf5/chunked.h5"
    #expect(try bytes(folder.pack(model, threads: 1)) == bytes(folder.pack(model, threads: 3)))
  }
}
