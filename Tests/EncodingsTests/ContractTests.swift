internal import MemoryModel
internal import TensorModel
internal import Testing

@testable internal import Encodings

/// Every encoding of the registry through one contract. A newcomer needs no test of its own here.
struct ContractTests {
  static let values = EncodingRegistry.all.filter { $0.stage == .value }.map(\.id)
  static let dtypes: [DType] = [.f16, .bf16, .f32, .f64, .f8e4m3, .f8e5m2fnuz, .f4, .bool, .i16, .i32, .i64, .c64]
  static let effort = Effort(level: 3)

  @Test(arguments: values, dtypes)
  func whatIsEncodedDecodesToTheSameBytes(value: String, dtype: DType) throws {
    var random = SeededRandom("packing", seed: 7)
    for kind in DataKind.allCases {
      for count in [1, 7, 8, 9, 63, 64, 65, 1000, 4095, 4096, 4097, 9001] {
        let bytes = kind.bytes(count: count, dtype: dtype, &random)
        let base = value == "delta" ? BaseKind.any(of: bytes, dtype, &random) : nil
        let plan = TensorPlan(element: ElementType(dtype), values: [value], searchesMatches: true)
        let (stored, choice) = encode(bytes, plan, Self.effort, base: base)
        let decoded = try decode(stored, byteCount: bytes.count, base: base)
        #expect(decoded == bytes, "\(kind), \(count) of \(dtype.name) as \(choice.name)")
      }
    }
  }

  @Test(arguments: values)
  func damagedChunksThrowOrDecodeToTheirSize(value: String) throws {
    var random = SeededRandom("packing", seed: 11)
    for kind in [DataKind.gaussian, .halfZeros, .mostlyZeros] {
      let bytes = kind.bytes(count: 300, dtype: .bf16, &random)
      let base = value == "delta" ? BaseKind.any(of: bytes, .bf16, &random) : nil
      let plan = TensorPlan(element: ElementType(.bf16), values: [value], searchesMatches: true)
      let (stored, _) = encode(bytes, plan, Self.effort, base: base)
      for length in 0..<stored.count { attempt(Array(stored.prefix(length)), byteCount: bytes.count, base) }
      for index in stored.indices {
        for bit in 0..<8 {
          var damaged = stored
          damaged[index] ^= 1 << UInt8(bit)
          attempt(damaged, byteCount: bytes.count, base)
        }
      }
    }
  }

  @Test(arguments: 1...9)
  func everyLevelIsLossless(level: Int) throws {
    var random = SeededRandom("packing", seed: 13)
    for dtype in [DType.bf16, .f32, .i32] {
      for kind in DataKind.allCases {
        let bytes = kind.bytes(count: 5000, dtype: dtype, &random)
        let plan = TensorPlan(
          element: ElementType(dtype), values: ElementType(dtype).isFloat ? ["fused", "planes", "bytes"] : ["bytes"],
          searchesMatches: true)
        let (stored, _) = encode(bytes, plan, Effort(level: level))
        #expect(try decode(stored, byteCount: bytes.count) == bytes)
        #expect(stored.count <= bytes.count + 32)
      }
    }
  }

  @Test func anUnknownEncodingIsUnsupportedByName() {
    let plan = TensorPlan(element: .byte, values: ["raw"], searchesMatches: false)
    let (stored, _) = encode([1, 2, 3], plan, Self.effort)
    var names = EncodingRegistry.names
    names[EncodingRegistry.number(of: "raw")] = "later"
    let error = #expect(throws: ModelError.self) { try decode(stored, byteCount: 3, names: names) }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("'later'") == true)
  }

  @Test func aChunkThatClaimsTooMuchIsRefusedBeforeItIsDecoded() {
    // none; bytes with one stream that claims 2^60 bytes in 4.
    var writer = ByteWriter()
    writer.append([0, 0, 0, UInt8(EncodingRegistry.number(of: "bytes")), 1, 1, 1, 1])
    writer.varint(1 << 60)
    writer.varint(4)
    writer.append([1, 2, 3, 4])
    let error = #expect(throws: ModelError.self) { try decode(writer.bytes, byteCount: 1024) }
    #expect(error?.message.contains("claims to decode to 1152921504606846976") == true)
  }

  private func attempt(_ stored: [UInt8], byteCount: Int, _ base: [UInt8]?) {
    if let decoded = try? decode(stored, byteCount: byteCount, base: base) { #expect(decoded.count == byteCount) }
  }

  private func encode(
    _ bytes: [UInt8], _ plan: TensorPlan, _ effort: Effort, base: [UInt8]? = nil
  ) -> ([UInt8], ChunkChoice) {
    let workspace = EncodingWorkspace(effort: effort)
    let base = base ?? []
    let choice = unsafe ChunkCodec.encode(bytes.span.bytes, at: 0, base: base.span.bytes, plan: plan, workspace)
    let stored = try! workspace.withEncoded { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
    return (stored, choice)
  }

  private func decode(
    _ stored: [UInt8], byteCount: Int, base: [UInt8]? = nil, names: [String] = EncodingRegistry.names
  ) throws(ModelError) -> [UInt8] {
    try StoredChunks.decode(stored, at: 0, byteCount: byteCount, base: base, names: names)
  }
}
