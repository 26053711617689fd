internal import Filters
internal import HDF5Protocol
internal import Kernels
internal import TensorModel
import Testing

@testable internal import Containers

@Suite struct HDF5ChunksTests {
  private func chunks(
    _ extent: [Int], _ shape: [Int], _ stored: [(index: UInt64, offset: UInt64, byteCount: UInt32)] = [],
    elementBytes: Int = 4
  ) throws(ModelError) -> HDF5Chunks {
    try HDF5Chunks(
      extent: extent, shape: shape, datasetRank: extent.count, elementBytes: elementBytes,
      stored.map { HDF5Chunk(index: $0.index, offset: $0.offset, byteCount: $0.byteCount, filterMask: 0) },
      filters: FilterPipeline([]), leavesEdges: false, fileByteCount: 1000)
  }

  @Test func chunksLieInTheGridOnceAndInTheFile() throws {
    let sound = try chunks([5, 7], [2, 3], [(8, 976, 24), (0, 0, 24)])
    #expect(sound.grid == [3, 3] && sound.byteCount == 24 && sound.storedBytes == 48)
    #expect(sound.stored(in: 0..<9).map(\.offset) == [0, 976])
    #expect(sound.stored(in: 1..<8).isEmpty && sound.stored(in: 8..<9).map(\.offset) == [976])
    #expect(failure { _ = try chunks([5, 7], [2, 3], [(9, 0, 24)]) }?.message == "chunk 9 of 9, counted from 0")
    #expect(
      failure { _ = try chunks([5, 7], [2, 3], [(1, 0, 24), (1, 24, 24)]) }?.message == "chunk 1 of 9 comes twice")
    #expect(failure { _ = try chunks([5, 7], [2, 3], [(1, 977, 24)]) }?.message.hasSuffix("it is truncated") == true)
    #expect(failure { _ = try chunks([5, 7], [2, 3], [(1, .max, 24)]) } != nil)
    #expect(failure { _ = try chunks([5, 7], [2]) } != nil)
    #expect(failure { _ = try chunks([5, 7], [2, 0]) } != nil)
    #expect(failure { _ = try chunks([1 << 40, 1 << 40], [1, 1]) } != nil)
    #expect(failure { _ = try chunks([5], [1 << 62]) } != nil)
  }

  @Test func chunksAtTheEdgesHoldWhatIsLeft() throws {
    let chunks = try chunks([5, 7], [2, 3])
    #expect(chunks.box(at: [0, 0]) == Box(start: [0, 0], count: [2, 3]))
    #expect(chunks.box(at: [2, 2]) == Box(start: [4, 6], count: [1, 1]))
    #expect(chunks.number(at: [2, 1]) == 7)
    #expect(chunks.numbers(in: Box(start: [1, 0], count: [3, 7])) == 0..<6)
    #expect(chunks.numbers(in: Box(start: [4, 2], count: [1, 2])) == 6..<8)
  }

  @Test func anyRunIsCutIntoBoxesInOrder() {
    let extent = [3, 4, 5]
    /// The elements of a box, row-major.
    func elements(_ box: Box) -> [Int] {
      box.start.indices.reduce([0]) { places, dimension in
        places.flatMap { place in
          (0..<box.count[dimension]).map { place * extent[dimension] + box.start[dimension] + $0 }
        }
      }
    }
    for start in 0...60 {
      for end in start...60 {
        let boxes = Box.covering(start..<end, of: extent)
        #expect(boxes.flatMap(elements) == Array(start..<end))
        #expect(boxes.count <= 5)
      }
    }
    #expect(Box.covering(2..<9, of: [10]) == [Box(start: [2], count: [7])])
  }

  @Test func boxesAreCopiedAndFilled() {
    let source = (0..<24).map { UInt8($0) }
    // Rows 1 and 2, columns 2 and 3 of 4 × 6 elements into rows 0 and 1, columns 1 and 2 of 3 × 5.
    let runs = BoxRuns(count: [2, 2], source: ([4, 6], [1, 2]), target: ([3, 5], [0, 1]), elementBytes: 1)
    var target = [UInt8](repeating: 99, count: 15)
    unsafe target.withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes {
        unsafe runs.copy($0.baseAddress!, origin: 0, into: target.baseAddress!, origin: 0)
      }
    }
    #expect(runs.sourceBytes == 8..<16)
    #expect(target == [99, 8, 9, 99, 99, 99, 14, 15, 99, 99, 99, 99, 99, 99, 99])
    unsafe target.withUnsafeMutableBytes { unsafe runs.fill($0.baseAddress!, origin: 0, with: [1, 2, 3]) }
    // The pattern begins with the array: byte 1 is its second, byte 6 its first.
    #expect(target == [99, 2, 3, 99, 99, 99, 1, 2, 99, 99, 99, 99, 99, 99, 99])
  }

  @Test func bandsAreWholeRowsOfChunks() throws {
    let info = try TensorInfo(name: "t", dtype: .f32, shape: [100, 10, 20])
    let grid = try chunks([100, 10, 20], [7, 3, 20]).bands(of: info)
    // 7 · 10 · 20 · 4 bytes, as many of them as come near the usual size.
    #expect(grid.rowsPerChunk * grid.rowBytes % 5600 == 0 || grid.count == 1)
    let line = try TensorInfo(name: "t", dtype: .f32, shape: [3_000_000])
    let parts = try chunks([3_000_000], [1000]).bands(of: line)
    #expect(parts.partBytes == 262 * 4000)
  }

  @Test func aChunkIsDecodedOnceWhileItIsKept() throws {
    let cache = HDF5ChunkCache()
    var count = 0
    func bytes(_ chunk: Int) throws(ModelError) -> [UInt8] {
      try cache.bytes(of: .init(tensor: 0, chunk: chunk), byteCount: 20 << 20, keeping: 0) { _ in
        count += 1
        return [UInt8(chunk)]
      }
    }
    #expect(try bytes(1) == [1] && bytes(1) == [1])
    #expect(count == 1)
    // 32 MiB hold one of 20.
    #expect(try bytes(2) == [2] && bytes(1) == [1])
    #expect(count == 3)
    // What fails is tried again.
    let key = HDF5ChunkCache.Key(tensor: 1, chunk: 0)
    for _ in 0..<2 {
      let error = failure {
        _ = try cache.bytes(of: key, byteCount: 1, keeping: 0) { (_) throws(ModelError) in
          throw ModelError(.malformed, "broken")
        }
      }
      #expect(error?.message == "broken")
    }
  }
}
