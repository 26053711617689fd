import ByteStore
import Codecs
import Containers
import Encodings
import Foundation
import Kernels
import TensorModel
import Testing

@testable import Packing

/// Runs of a file that are made of boxes of a tensor.
struct RecodingTests {
  private static func info(_ shape: [Int], _ dtype: DType = .u16) throws -> TensorInfo {
    try TensorInfo(name: "t", dtype: dtype, shape: shape)
  }

  /// The padded box of a tensor whose bytes count up, by the reader and one element after the other.
  private func boxes(
    _ info: TensorInfo, _ recoding: Recoding
  ) throws -> (read: [UInt8], expected: [UInt8]) {
    let bytes = (0..<info.byteCount).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 >> 8) }
    let read = try BoxReader().withBox(
      recoding, of: info, byteCount: try recoding.boxByteCount(info),
      read: { (range, body) throws(ModelError) in try body(unsafe bytes.span.bytes.extracting(range)) },
      { box in unsafe box.withUnsafeBytes { unsafe [UInt8]($0) } })
    var expected: [UInt8] = []
    let size = info.dtype.blockBytes
    func walk(_ axis: Int, _ element: Int?) {
      guard axis < info.shape.count else {
        expected += element.map { Array(bytes[($0 * size)..<(($0 + 1) * size)]) } ?? recoding.fill
        return
      }
      let side = recoding.sides[axis]
      for index in 0..<side.padded {
        walk(axis + 1, index < side.count ? element.map { $0 * info.shape[axis] + side.start + index } : nil)
      }
    }
    walk(0, 0)
    return (read, expected)
  }

  @Test func boxesOfEveryRankAreGatheredAndPadded() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let shape = (0..<Int.random(in: 0...4, using: &generator)).map { _ in Int.random(in: 1...5, using: &generator) }
      let isPadded = Bool.random(using: &generator)
      let sides = shape.map { dimension in
        let start = Int.random(in: 0..<dimension, using: &generator)
        let count = Int.random(in: 1...(dimension - start), using: &generator)
        return Recoding.Side(start: start, count: count, padded: count + (isPadded ? Int.random(in: 0...2) : 0))
      }
      var recoding = Recoding(sides: sides, transforms: [])
      if recoding.isPadded { recoding.fill = [0xAB, 0xCD] }
      let (read, expected) = try boxes(try Self.info(shape), recoding)
      #expect(read == expected, "\(shape) \(sides)")
    }
  }

  @Test func theSlabsOfABigEndianTensorAreItsBytesInOrder() throws {
    for shape in [[], [5], [3, 700_000], [700_000, 3], [2, 3, 400_000], [400, 3, 3, 300], [1, 1, 1], [0, 4]] {
      let info = try Self.info(shape)
      let recoded = FileLayout.Recoded(turned: info, number: 0, at: 100)
      var end = 100
      for piece in recoded.pieces {
        #expect(piece.range.lowerBound == end)
        end = piece.range.upperBound
        #expect(try piece.recoding.boxByteCount(info) == piece.range.count)
        #expect(piece.range.count <= ChunkGrid.defaultChunkBytes)
        let runs = piece.recoding.runs(of: info)
        var starts: [Int] = []
        runs.forEachRun { source, _ in starts.append(source) }
        #expect(starts == [piece.range.lowerBound - 100])
        #expect(runs.sourceBytes == (piece.range.lowerBound - 100)..<(piece.range.upperBound - 100))
      }
      #expect(end == 100 + info.byteCount, "\(shape)")
    }
  }

  @Test func blocksAreCutBetweenThem() throws {
    let type = try #require(DType.named("Q4_0"))
    let info = try Self.info([40, 64 * 1024], type)
    let recoded = FileLayout.Recoded(turned: info, number: 0, at: 0)
    #expect(recoded.pieces.count == 2)
    #expect(recoded.pieces.allSatisfy { $0.range.count % type.blockBytes == 0 })
  }

  @Test(arguments: [1, 2, 3, 4, 8, 9, 100])
  func transformsFollowEachOther(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 3) }
    let transforms: [ByteTransform] = [.shuffle(elementBytes: 4), .deflate(level: 6), .fletcher32]
    let made = try made(bytes, transforms)
    let whole = count / 4 * 4
    var shuffled = (0..<4).flatMap { plane in stride(from: plane, to: whole, by: 4).map { bytes[$0] } }
    shuffled += bytes[whole...]
    let compressor = ZlibCompressor(level: 6)
    var room = [UInt8](repeating: 0, count: ZlibCompressor.bound(count))
    let size = unsafe shuffled.withUnsafeBytes { source in
      unsafe room.withUnsafeMutableBytes { target in unsafe compressor.compress(source, into: target)! }
    }
    #expect(Array(made.dropLast(4)) == Array(room[..<size]))
  }

  @Test func elementsLongerThanAllBytesAreLeftAsTheyAre() throws {
    #expect(try made([1, 2, 3], [.shuffle(elementBytes: 1 << 62)]) == [1, 2, 3])
    #expect(try made([1, 2, 3], [.shuffle(elementBytes: 1)]) == [1, 2, 3])
  }

  private func made(_ bytes: [UInt8], _ transforms: [ByteTransform]) throws -> [UInt8] {
    try TransformPipeline().withResult(of: unsafe bytes.span.bytes, transforms[...]) { made in
      unsafe made.withUnsafeBytes { unsafe [UInt8]($0) }
    }
  }

  @Test func everyTransformComesBackFromItsParameters() throws {
    let transforms: [ByteTransform] = [
      .swap([.init(byteCount: 2, count: 1), .init(byteCount: 1, count: 16)]), .shuffle(elementBytes: 8),
      .deflate(level: 0), .deflate(level: 9), .fletcher32, .foreign(id: 77, parameters: [1, 2]),
    ]
    for transform in transforms {
      #expect(try ByteTransform(id: transform.id, parameters: transform.parameters) == transform)
    }
    let other = try ByteTransform(id: 3, parameters: [6] + [UInt8](repeating: 0, count: 8))
    #expect(other.obstacle?.code == .unsupported)
  }
}

/// Big-endian files, whose tensors are stored as those of little-endian ones.
struct TurnedFilesTests {
  private let model = repository + "/testdata/gguf/big_endian.gguf"

  @Test func aBigEndianFileHasItsTensorsAsEntries() throws {
    let folder = try Folder()
    let packed = try folder.pack(model)
    let file = try PackedFile(path: packed)
    let recoded = file.index.files[0].operations.count { if case .recoded = $0 { true } else { false } }
    #expect(recoded > 0)
    let (before, after) = (try GGUFModel.open(path: model), try PackedModel(file))
    #expect(after.catalog.tensors.map(\.info) == before.catalog.tensors.map(\.info))
    let (left, right) = (before.makeSession(), after.makeSession())
    for (number, tensor) in before.catalog.tensors.enumerated() {
      let whole = 0..<tensor.info.byteCount
      let isEqual = try left.withBytes(of: number, whole) { (bytes) throws(ModelError) in
        try right.withBytes(of: number, whole) { ByteCompare.areEqual(bytes, $0) }
      }
      #expect(isEqual, "\(tensor.info.name)")
    }
    let output = folder.path("again.gguf")
    try Unpacker.unpack(file, to: output, .init(threads: 2))
    #expect(try bytes(output) == bytes(model))
  }

  /// What is claimed of a file but does not hold is bytes, and comes back.
  @Test func whatDoesNotHoldIsStoredAsBytes() throws {
    let folder = try Folder()
    let file = try LyingFile(model)
    let source = PackSource(
      isFolder: false,
      files: [.init(path: "", mode: 0, byteCount: file.byteCount, content: try PackSource.Content(file))])
    let packed = folder.path("x.tare")
    _ = try Packer.pack(source, into: OutputFile(path: packed), PackOptions(threads: 2))
    let index = try PackedFile(path: packed).index
    #expect(index.files[0].operations.allSatisfy { if case .recoded = $0 { false } else { true } })
    try Unpacker.unpack(PackedFile(path: packed), to: folder.path("y.gguf"), .init(threads: 2))
    #expect(try bytes(folder.path("y.gguf")) == bytes(model))
  }
}

/// A big-endian file of which it is said that its tensors are shuffled.
private final class LyingFile: LaidOutFile {
  private let file: GGUFFile
  let layout: FileLayout

  init(_ path: String) throws {
    file = try GGUFFile(path: path)
    let recoded = file.layout.recoded.map { tensor in
      FileLayout.Recoded(
        info: tensor.info, number: tensor.number,
        pieces: tensor.pieces.map {
          .init(
            range: $0.range, recoding: Recoding(sides: $0.recoding.sides, transforms: [.shuffle(elementBytes: 2)]))
        })
    }
    layout = file.layout.with(recoded: recoded)
  }

  var path: String { file.path }
  var hidesCatalog: Bool { false }
  func makeModel() throws(ModelError) -> any ContainerReader { try file.makeModel() }
  func withMap<Result: ~Copyable, Failure: Error>(
    _ body: (borrowing MappedFile) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try file.withMap(body)
  }
}
