internal import Filters
internal import MemoryModel
internal import TensorModel
internal import Testing

/// Chunks that lie. What decodes lies between pages that nobody may touch: a read or write outside stops the tests.
@Suite struct HostileChunkTests {
  /// Each chunk once for each pipeline that compresses or checks.
  private static let chunks = FilteredChunk.golden.filter { !$0.filters.isEmpty && $0.mask == 0 }

  @Test(arguments: chunks)
  func everyTruncationIsRefused(chunk: FilteredChunk) throws {
    let pipeline = try FilterPipeline(chunk.filters)
    for count in 0..<chunk.stored.count {
      let error = #expect(throws: ModelError.self, "\(count) bytes") {
        try undo(pipeline, Array(chunk.stored[..<count]), byteCount: chunk.byteCount)
      }
      #expect(error?.code == .malformed)
    }
    #expect(throws: ModelError.self) { try undo(pipeline, chunk.stored + [0], byteCount: chunk.byteCount) }
  }

  @Test(arguments: chunks)
  func flippedBitsAreDecodedOrRefused(chunk: FilteredChunk) throws {
    let pipeline = try FilterPipeline(chunk.filters)
    let isChecked = chunk.filters.contains { $0.id == 1 || $0.id == 3 }
    for index in chunk.stored.indices {
      for bit in 0..<8 {
        var stored = chunk.stored
        stored[index] ^= 1 << UInt8(bit)
        let content = try? undo(pipeline, stored, byteCount: chunk.byteCount)
        // A checksum finds every flip of one bit, where the bit matters: deflate has some in which it does not.
        if isChecked, let content { #expect(fnv1a64(content) == chunk.hash, "byte \(index), bit \(bit)") }
      }
    }
  }

  @Test(arguments: chunks)
  func anotherSizeIsRefused(chunk: FilteredChunk) throws {
    let pipeline = try FilterPipeline(chunk.filters)
    for byteCount in [0, 1, chunk.byteCount - 1, chunk.byteCount + 1, chunk.byteCount * 2] {
      #expect(throws: ModelError.self, "\(byteCount) bytes") {
        try undo(pipeline, chunk.stored, byteCount: byteCount)
      }
    }
  }

  @Test func randomBytesAreDecodedOrRefused() throws {
    var random = SeededRandom("random chunks")
    for id in [1, 2, 3, 32000, 32004, 32008, 32015] {
      for _ in 0..<2000 {
        let parameters: [UInt32] =
          switch id {
          case 1: [6]
          case 2: [UInt32(random.next() % 9)]
          case 32008: [0, 0, UInt32(1 + random.next() % 8), UInt32(random.next() % 4 * 8), UInt32(random.next() % 4)]
          default: []
          }
        let pipeline = try FilterPipeline([ChunkFilter(id: id, parameters: parameters)])
        var stored = random.bytes(Int(random.next() % 200))
        let byteCount = Int(random.next() % 300)
        // Headers that hold get further.
        if id == 32004 || id == 32008, stored.count >= 12, random.next() % 4 > 0 {
          stored.replaceSubrange(
            0..<12, with: [0, 0, 0, 0, 0, 0, UInt8(byteCount >> 8), UInt8(byteCount & 255), 0, 0, 0, 64])
        }
        _ = try? undo(pipeline, stored, byteCount: byteCount)
      }
    }
  }

  @Test func aSizeThatIsClaimedReservesNothing() throws {
    // 2^63 − 1 bytes in blocks of 1 GiB; a frame of zstd that announces 2^62 bytes.
    let claims: [(Int, [UInt8])] = [
      (32004, [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 1, 0]),
      (32015, [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0x40, 1, 0, 0]),
    ]
    for (id, stored) in claims {
      let error = #expect(throws: ModelError.self) {
        try undo(FilterPipeline([ChunkFilter(id: id)]), stored, byteCount: 100)
      }
      #expect(error?.message.contains("expected 100 bytes, found") == true)
    }
  }

  @Test func aDeflateBombBetweenFiltersIsBounded() throws {
    // A megabyte of zeros where the outer of two gzips may hold some 66 kB.
    let gzip = ChunkFilter(id: 1, parameters: [9])
    var workspace = FilterWorkspace()
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    let bomb = try unsafe zeros.withUnsafeBytes { zeros in
      try unsafe FilterPipeline([gzip]).apply(RawSpan(_unsafeBytes: zeros), &workspace) { (stored, _) in
        unsafe stored.withUnsafeBytes { unsafe [UInt8]($0) }
      }
    }
    let error = #expect(throws: ModelError.self) { try undo(FilterPipeline([gzip, gzip]), bomb, byteCount: 100) }
    #expect(error?.message.contains("gives more than the 65736 bytes expected") == true)
  }
}
