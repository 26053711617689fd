internal import MemoryModel
internal import TensorModel
internal import Testing

@testable internal import Encodings

struct DeltaTests {
  static let dtypes: [DType] = [.f16, .bf16, .f32, .f64, .f8e4m3, .f4, .i32, .c64]

  private func encode(
    _ bytes: [UInt8], _ base: [UInt8], _ dtype: DType, _ orders: [DeltaOrder], level: Int = 3
  ) throws -> (stored: [UInt8], choice: ChunkChoice) {
    var plan = TensorPlan(element: ElementType(dtype), values: ["bytes"], searchesMatches: false)
    plan.deltas = orders
    plan.takesDelta = true
    let workspace = EncodingWorkspace(effort: Effort(level: level))
    let choice = unsafe ChunkCodec.encode(bytes.span.bytes, at: 0, base: base.span.bytes, plan: plan, workspace)
    return (try workspace.withEncoded { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }, choice)
  }

  @Test(arguments: dtypes, BaseKind.allCases) func differencesGiveTheSameBytes(dtype: DType, kind: BaseKind) throws {
    var random = SeededRandom("differences")
    for data in DataKind.allCases {
      for count in [1, 7, 8, 65, 1000, 9001] {
        let bytes = data.bytes(count: count, dtype: dtype, &random)
        let base = kind.base(of: bytes, dtype, &random)
        for (orders, level) in [([DeltaOrder.asTheyAre], 3), ([.sorted], 3), ([.sorted, .asTheyAre], 9)] {
          let (stored, choice) = try encode(bytes, base, dtype, orders, level: level)
          let decoded = try StoredChunks.decode(stored, at: 0, byteCount: bytes.count, base: base)
          #expect(decoded == bytes, "\(data), \(count) of \(dtype.name) as \(choice.name)")
          #expect(try unsafe ChunkCodec.choice(stored.span.bytes, names: EncodingRegistry.names).name == choice.name)
        }
      }
    }
  }

  @Test func damagedSortedChunksThrowOrDecodeToTheirSize() throws {
    var random = SeededRandom("damaged differences")
    for kind in BaseKind.allCases {
      let bytes = DataKind.halfZeros.bytes(count: 300, dtype: .bf16, &random)
      let base = kind.base(of: bytes, .bf16, &random)
      let (stored, _) = try encode(bytes, base, .bf16, [.sorted])
      for index in stored.indices {
        for bit in 0..<8 {
          var damaged = stored
          damaged[index] ^= 1 << UInt8(bit)
          for length in [index, stored.count] {
            let decoded = try? StoredChunks.decode(
              Array(damaged.prefix(length)), at: 0, byteCount: bytes.count, base: base)
            #expect(decoded == nil || decoded!.count == bytes.count)
          }
        }
      }
    }
  }

  @Test func aChunkThatIsTheBaseTakesNothing() throws {
    var random = SeededRandom("equal")
    let bytes = DataKind.gaussian.bytes(count: 100_000, dtype: .bf16, &random)
    let (stored, choice) = try encode(bytes, bytes, .bf16, [])
    #expect(choice.name == "delta" && choice.needsBase)
    #expect(stored.count <= 12)
    let holdsBase = try unsafe ChunkCodec.holdsBase(
      stored.span.bytes, names: EncodingRegistry.names, denseBytes: bytes.count)
    #expect(holdsBase)
    #expect(try StoredChunks.decode(stored, at: 0, byteCount: bytes.count, base: bytes) == bytes)
  }

  /// Of weights that went by magnitude, the base says which they were, and which signs their zeros have.
  @Test(arguments: [false, true]) func pruningByMagnitudeTakesNextToNothing(keepsSigns: Bool) throws {
    var random = SeededRandom("pruned")
    let words = (0..<50_000).map { _ in
      UInt16.random(in: 0x3000...0x3F00, using: &random) | UInt16.random(in: 0...1, using: &random) << 15
    }
    let pruned = words.map { $0 & 0x7FFF < 0x3780 ? keepsSigns ? $0 & 0x8000 : 0 : $0 }
    let (base, bytes) = (words.littleEndianBytes, pruned.littleEndianBytes)
    let (stored, choice) = try encode(bytes, base, .bf16, [.sorted, .asTheyAre])
    #expect(choice.name == "sorted+bitmask+delta")
    #expect(stored.count < 200)
    #expect(try StoredChunks.decode(stored, at: 0, byteCount: bytes.count, base: base) == bytes)
  }

  @Test func anyMaskTakesABitForEachElement() throws {
    var random = SeededRandom("masked")
    let words = (0..<50_000).map { _ in UInt16.random(in: 0...0xFFFF, using: &random) | 1 }
    let masked = words.map { Bool.random(using: &random) ? $0 & 0x8000 : $0 }
    let (base, bytes) = (words.littleEndianBytes, masked.littleEndianBytes)
    let (stored, choice) = try encode(bytes, base, .bf16, [.asTheyAre])
    #expect(choice.name == "bitmask+delta")
    #expect(stored.count < 50_000 / 8 + 40)
    #expect(try StoredChunks.decode(stored, at: 0, byteCount: bytes.count, base: base) == bytes)
  }

  @Test func aDifferenceWithoutABaseIsRefused() throws {
    var random = SeededRandom("no base")
    let bytes = DataKind.gaussian.bytes(count: 1000, dtype: .f32, &random)
    let base = BaseKind.close.base(of: bytes, .f32, &random)
    for orders in [[DeltaOrder.sorted], [.asTheyAre]] {
      let (stored, _) = try encode(bytes, base, .f32, orders)
      let error = #expect(throws: ModelError.self) {
        try StoredChunks.decode(stored, at: 0, byteCount: bytes.count)
      }
      #expect(error?.code == .malformed && error?.message.contains("names no base tensor") == true)
    }
  }
}

extension [UInt16] {
  fileprivate var littleEndianBytes: [UInt8] { flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] } }
}
