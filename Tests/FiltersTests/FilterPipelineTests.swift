internal import Filters
internal import Foundation
internal import MemoryModel
internal import TensorModel
internal import Testing

@Suite struct FilterPipelineTests {
  @Test(arguments: FilteredChunk.golden)
  func goldenChunksDecode(chunk: FilteredChunk) throws {
    #expect(fnv1a64(try chunk.decoded()) == chunk.hash)
  }

  private static let python: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["TARE_PYTHON"] ?? root + "/.venv/bin/python3"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  /// Chunks of all element sizes and many lengths, made by h5py and the plug-ins for this run.
  @Test(.enabled(if: python != nil, "scripts/make-venv makes the Python that this needs"))
  func chunksOfOtherWritersDecode() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tare-filters-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let seed = UInt32.random(in: 1...UInt32.max)
    let out = folder.appendingPathComponent("chunks.tsv").path
    try runGenerator(out, "\(seed)")
    let chunks = try FilteredChunk.read(out)
    #expect(chunks.count > 500)
    for chunk in chunks {
      let content = Result { () throws(ModelError) in try chunk.decoded() }
      #expect((try? content.get()).map(fnv1a64) == chunk.hash, "seed \(seed), \(chunk.name): \(content)")
    }
  }

  private func runGenerator(_ arguments: String...) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.python))
    process.arguments = [root.appendingPathComponent("testdata/filters/generate.py").path] + arguments
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test func theMaskLeavesFiltersOut() throws {
    let pipeline = try FilterPipeline([
      ChunkFilter(id: 2, parameters: [2]), ChunkFilter(id: 32001), ChunkFilter(id: 1, parameters: [6]),
    ])
    #expect(try undo(pipeline, [1, 2, 3, 4], byteCount: 4, mask: 0b110) == [1, 3, 2, 4])
    #expect(try undo(pipeline, [1, 2, 3, 4], byteCount: 4, mask: 0b111) == [1, 2, 3, 4])
    #expect(pipeline.unknownFilters.map(\.id) == [32001])
    #expect(pipeline.description == "shuffle, blosc, gzip 6")
  }

  @Test func aFilterThatIsNotKnownIsNamed() throws {
    let pipeline = try FilterPipeline([ChunkFilter(id: 32001)])
    let error = #expect(throws: ModelError.self) { try undo(pipeline, [1], byteCount: 1, at: 100) }
    #expect(error?.code == .unsupported)
    #expect(error?.description == "blosc: a chunk went through a filter that this build can't undo (at byte 100)")
  }

  @Test func errorsNameTheFilterAndThePlaceInTheFile() throws {
    let gzip = try FilterPipeline([ChunkFilter(id: 1, parameters: [6])])
    let stored = try applied(gzip, [UInt8](repeating: 7, count: 100)).stored
    let error = #expect(throws: ModelError.self) { try undo(gzip, stored.dropLast(2) + [], byteCount: 100, at: 4096) }
    #expect(
      error?.description
        == "gzip 6: a zlib stream of \(stored.count - 2) bytes ends early (at byte \(4096 + stored.count - 2))")
    let wrong = #expect(throws: ModelError.self) { try undo(gzip, stored, byteCount: 99, at: 4096) }
    #expect(wrong?.message.contains("gives more than the 99 bytes expected") == true)
    let more = #expect(throws: ModelError.self) { try undo(gzip, stored, byteCount: 101, at: 4096) }
    #expect(more?.message == "expected 101 bytes, found 100")
  }

  /// The bytes of each half of the checksum 05040402 stand the other way round in files of old releases.
  @Test func aChecksumHoldsInEitherOrderOfItsHalves() throws {
    let pipeline = try FilterPipeline([ChunkFilter(id: 3)])
    #expect(try undo(pipeline, [1, 2, 3, 0x02, 0x04, 0x04, 0x05], byteCount: 3) == [1, 2, 3])
    #expect(try undo(pipeline, [1, 2, 3, 0x04, 0x02, 0x05, 0x04], byteCount: 3) == [1, 2, 3])
    let error = #expect(throws: ModelError.self) {
      try undo(pipeline, [1, 2, 3, 0x05, 0x04, 0x04, 0x02], byteCount: 3, at: 10)
    }
    #expect(error?.description == "fletcher32: checksum 02040405, expected 05040402 (at byte 13)")
  }

  @Test func parametersAreProvedWhereTheyAreNeeded() throws {
    for filter in [
      ChunkFilter(id: 1), ChunkFilter(id: 1, parameters: [10]), ChunkFilter(id: 2), ChunkFilter(id: 2, parameters: [0]),
      ChunkFilter(id: 32008, parameters: [0, 4, 0, 0, 2]), ChunkFilter(id: 32008, parameters: [0, 4, 4, 12, 2]),
      ChunkFilter(id: 32008, parameters: [0, 4, 4, 0, 1]),
    ] {
      let pipeline = try FilterPipeline([filter])
      #expect(throws: ModelError.self, "\(filter)") { try undo(pipeline, [1, 2], byteCount: 2) }
      #expect(try undo(pipeline, [1, 2], byteCount: 2, mask: 1) == [1, 2])
    }
    #expect(throws: ModelError.self) { try FilterPipeline([ChunkFilter](repeating: ChunkFilter(id: 3), count: 33)) }
  }

  // MARK: writing

  private static let written: [[ChunkFilter]] = [
    [],
    [ChunkFilter(id: 2, parameters: [4])],
    [ChunkFilter(id: 3)],
    [ChunkFilter(id: 2, isOptional: true, parameters: [4]), ChunkFilter(id: 1, isOptional: true, parameters: [6])],
    [ChunkFilter(id: 2, parameters: [8]), ChunkFilter(id: 32015, isOptional: true, parameters: [3])],
    [ChunkFilter(id: 2, parameters: [3]), ChunkFilter(id: 1, parameters: [0]), ChunkFilter(id: 3)],
    [ChunkFilter(id: 1, parameters: [1]), ChunkFilter(id: 32015, parameters: [1]), ChunkFilter(id: 3)],
  ]

  @Test(arguments: written)
  func whatIsAppliedIsUndone(filters: [ChunkFilter]) throws {
    var random = SeededRandom("filters")
    let pipeline = try FilterPipeline(filters)
    for count in [0, 1, 3, 4, 5, 8, 100, 1001, 100_003] {
      for content in [random.bytes(count), (0..<count).map { UInt8($0 / 16 & 0xFF) }] {
        let (stored, mask) = try applied(pipeline, content)
        #expect(try undo(pipeline, stored, byteCount: count, mask: mask) == content, "\(count) bytes")
      }
    }
  }

  /// Where a level of gzip was used, the same bytes come out as the library wrote: both have them from zlib.
  @Test(arguments: FilteredChunk.golden.filter { $0.mask == 0 && $0.filters.allSatisfy { [1, 2, 3].contains($0.id) } })
  func appliedFiltersGiveTheLibrarysBytes(chunk: FilteredChunk) throws {
    let pipeline = try FilterPipeline(chunk.filters)
    let (stored, mask) = try applied(pipeline, chunk.decoded())
    if mask == 0 {
      #expect(stored == chunk.stored)
    } else {
      #expect(stored.count <= chunk.stored.count)
    }
  }

  @Test func anOptionalCompressorThatGainsNothingIsLeftOut() throws {
    var random = SeededRandom("noise")
    let noise = random.bytes(1000)
    let optional = try FilterPipeline([
      ChunkFilter(id: 2, parameters: [4]), ChunkFilter(id: 1, isOptional: true, parameters: [9]),
    ])
    let (stored, mask) = try applied(optional, noise)
    #expect(mask == 0b10)
    #expect(stored.count == 1000)
    let mandatory = try FilterPipeline([ChunkFilter(id: 1, parameters: [9])])
    #expect(try applied(mandatory, noise).mask == 0)
  }

  private func applied(_ pipeline: FilterPipeline, _ content: [UInt8]) throws -> (stored: [UInt8], mask: UInt32) {
    var workspace = FilterWorkspace()
    return try unsafe content.withUnsafeBytes { content in
      try unsafe pipeline.apply(RawSpan(_unsafeBytes: content), &workspace) { (stored, mask) throws(ModelError) in
        unsafe (stored.withUnsafeBytes { unsafe [UInt8]($0) }, mask)
      }
    }
  }
}
