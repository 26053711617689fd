internal import Kernels
internal import MemoryModel
internal import TensorModel
internal import Testing

@testable internal import Encodings

/// Weights on a grid, with all that may be among them, through the encoding and back.
struct GridEncodingTests {
  static let layouts: [(rows: Int, columns: Int)] = [
    (1, 0), (1, 32), (0, 0), (0, 1), (16, 1), (8, 16), (1, 48), (0, 24),
  ]

  /// A matrix of `rows` rows of 96, on a grid of that layout.
  private func planted(
    _ kind: GridKind, rows: Int, _ layout: (rows: Int, columns: Int), hasOffsets: Bool, _ random: inout SeededRandom
  ) -> [UInt32] {
    let products = GridProducts(kind: kind, divides: false)
    var scales: [Int: Float] = [:]
    return (0..<(96 * rows)).map { index in
      let (row, column) = (index / 96, index % 96)
      let group =
        (layout.rows == 0 ? 0 : row / layout.rows) * 1000 + (layout.columns == 0 ? 0 : column / layout.columns)
      let scale = scales[group] ?? GridKind.bf16.value(GridKind.bf16.word(.random(in: 0.01...0.1, using: &random)))
      scales[group] = scale
      // The least number of a group is its offset.
      let code =
        hasOffsets && column % 32 < 2
        ? Float(column % 32 * 15) : Float(Int.random(in: hasOffsets ? 0...15 : -7...7, using: &random))
      let word = products.word(code, scale: scale, offset: hasOffsets ? -8 * kind.value(kind.word(scale)) : nil)
      // A zero of either sign.
      let sign: UInt32 = kind == .f32 ? 1 << 31 : 1 << 15
      return word == 0 && !hasOffsets && Bool.random(using: &random) ? sign : word
    }
  }

  private func bytes(_ words: [UInt32], _ kind: GridKind) -> [UInt8] {
    words.flatMap { word in (0..<kind.width).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
  }

  private func element(_ kind: GridKind) -> ElementType {
    ElementType([GridKind.bf16: DType.bf16, .f16: .f16, .f32: .f32][kind]!)
  }

  private func roundTrip(
    _ bytes: [UInt8], from first: Int, _ plan: TensorPlan, effort: Effort = .standard
  ) throws -> (choice: ChunkChoice, size: Int) {
    let workspace = EncodingWorkspace(effort: effort)
    let offset = first * plan.element.width
    let choice = unsafe ChunkCodec.encode(bytes.span.bytes, at: offset, plan: plan, workspace)
    let stored = try workspace.withEncoded { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
    let decoded = try StoredChunks.decode(stored, at: offset, byteCount: bytes.count)
    #expect(decoded == bytes, "\(choice.name)")
    return (choice, stored.count)
  }

  private func plan(
    _ kind: GridKind, _ layout: (rows: Int, columns: Int), _ book: GridFitter.Book, row: Int = 96
  ) -> TensorPlan {
    var plan = TensorPlan(element: element(kind), values: ["grid"], searchesMatches: false)
    var grid = GridLayout(kind: kind, row: row, groupRows: layout.rows, groupColumns: layout.columns)
    if case .offset = book { grid.hasOffsets = true }
    plan.grid = GridPlan(layout: grid, book: book)
    return plan
  }

  @Test(arguments: GridKind.allCases, layouts)
  func everyLayoutComesBackFromWhereverTheChunkBegins(kind: GridKind, layout: (rows: Int, columns: Int)) throws {
    var random = SeededRandom("grids")
    let plan = plan(kind, layout, .integers(largest: [7, 8, 1, 2, 3, 4, 5, 6]))
    for rows in [1, 7, 40] {
      for start in [0, 96, 960, 40, 95] {
        let words = planted(kind, rows: rows + 11, layout, hasOffsets: false, &random)
        let part = Array(words[start..<min(words.count, start + 96 * rows + 5)])
        let (choice, size) = try roundTrip(bytes(part, kind), from: start, plan)
        // A scale for every element or two is no gain.
        if rows == 40 || layout.columns != 1 { #expect(choice.value == "grid") }
        if rows == 40, layout.columns != 1 { #expect(size < part.count, "codes of four bits, a few scales, signs") }
      }
    }
  }

  @Test(arguments: GridKind.allCases) func offsetsComeBack(kind: GridKind) throws {
    var random = SeededRandom("grids above an offset")
    let words = planted(kind, rows: 20, (1, 32), hasOffsets: true, &random)
    let plan = plan(kind, (1, 32), .offset(largest: [15, 7, 14, 13, 12, 11, 10, 9, 8]))
    #expect(try roundTrip(bytes(words, kind), from: 0, plan).choice.value == "grid")
  }

  @Test(arguments: GridKind.allCases) func whatIsOffTheGridIsAnException(kind: GridKind) throws {
    var random = SeededRandom("exceptions")
    let plan = plan(kind, (1, 48), .integers(largest: [7]))
    let clean = planted(kind, rows: 30, (1, 48), hasOffsets: false, &random)
    for oddity: UInt32 in kind == .f32
      ? [0x7FC0_0001, 0xFF80_0000, 1, 0x8000_0001, 0x3F80_0001] : [0x7FC1, 0xFF80, 1, 0x8001, 0x3F81, 0x7C01]
    {
      var words = clean
      words[100] = oddity
      words[words.count - 1] = oddity
      #expect(try roundTrip(bytes(words, kind), from: 0, plan).choice.value == "grid")
    }
  }

  @Test func zerosApartFromTheCodesComeBack() throws {
    var random = SeededRandom("sparse grids")
    var words = planted(.bf16, rows: 60, (1, 32), hasOffsets: false, &random)
    for index in words.indices where Int.random(in: 0..<20, using: &random) > 1 {
      words[index] = Bool.random(using: &random) ? 0 : 0x8000
    }
    words[50] = 0x7FC1
    let plan = plan(.bf16, (1, 32), .integers(largest: [7, 8, 1, 2, 3, 4, 5, 6]))
    let choice = try roundTrip(bytes(words, .bf16), from: 0, plan).choice
    #expect(choice.name == "bitmask+grid" || choice.name == "gaps+grid")
  }

  @Test(arguments: GridKind.allCases) func learnedLevelsAreCorrected(kind: GridKind) throws {
    let levels: [Float] = [-1, -0.3, 0.31, 0.99]
    var plan = plan(kind, (1, 32), .listed(levels))
    plan.grid?.layout.corrects = true
    let products = GridProducts(kind: kind, divides: false)
    let words = (0..<960).map { index in
      let group = index / 32
      let place = (index * 7 + group) % 4
      return products.word(levels[place], scale: 0.5 + Float(group) / 37) &+ UInt32(place == 2 ? group % 3 : 0)
    }
    #expect(try roundTrip(bytes(words, kind), from: 0, plan).choice.value == "grid")
  }

  @Test(arguments: GridKind.allCases) func anyBitsAreStoredSomehow(kind: GridKind) throws {
    var random = SeededRandom("any bits on a grid")
    for book in [GridFitter.Book.integers(largest: [7]), .listed([-1, 0, 1]), .offset(largest: [15])] {
      let plan = plan(kind, (1, 16), book)
      _ = try roundTrip(random.bytes(kind.width * 500), from: 3, plan)
      _ = try roundTrip([UInt8](repeating: 0, count: kind.width * 500), from: 3, plan)
      _ = try roundTrip((0..<(kind.width * 500)).map { _ in random.edgeByte() }, from: 3, plan)
    }
  }

  @Test(arguments: [(1, 32), (0, 1)]) func damagedGridsThrowOrDecodeToTheirSize(layout: (rows: Int, columns: Int))
    throws
  {
    var random = SeededRandom("damaged grids")
    let words = planted(.bf16, rows: 3, layout, hasOffsets: false, &random)
    let workspace = EncodingWorkspace(effort: .standard)
    let plan = plan(.bf16, layout, .integers(largest: [7, 8, 1, 2, 3, 4, 5, 6]))
    let dense = bytes(words, .bf16)
    _ = unsafe ChunkCodec.encode(dense.span.bytes, at: 0, plan: plan, workspace)
    let stored = try workspace.withEncoded { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
    for index in stored.indices {
      for bit in 0..<8 {
        var damaged = stored
        damaged[index] ^= 1 << UInt8(bit)
        if let decoded = try? StoredChunks.decode(damaged, at: 0, byteCount: dense.count) {
          #expect(decoded.count == dense.count)
        }
      }
    }
    for length in stored.indices {
      _ = try? StoredChunks.decode(Array(stored.prefix(length)), at: 0, byteCount: dense.count)
    }
  }
}
