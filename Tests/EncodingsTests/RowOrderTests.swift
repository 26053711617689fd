internal import MemoryModel
internal import TensorModel
internal import Testing

@testable internal import Encodings

struct RowOrderTests {
  /// Rows whose deviations and shares of zeros differ.
  private func uneven(_ dtype: DType, rows: Int, columns: Int, _ random: inout SeededRandom) -> [UInt8] {
    (0..<rows).flatMap { row in
      (0..<columns).flatMap { _ -> [UInt8] in
        var bytes = random.bytes(dtype.blockBytes)
        if UInt8.random(in: 0...7, using: &random) < UInt8(row % 7) {
          return [UInt8](repeating: 0, count: dtype.blockBytes)
        }
        bytes[dtype.blockBytes - 1] = UInt8(0x34 + row % 8) | UInt8.random(in: 0...1, using: &random) << 7
        return bytes
      }
    }
  }

  @Test(arguments: [DType.bf16, .f16, .f32, .f64, .f8e4m3]) func rowsComeBackWhereTheyWere(dtype: DType) throws {
    var random = SeededRandom("rows in order")
    for (rows, columns) in [(64, 33), (100, 64), (200, 50)] {
      let bytes = uneven(dtype, rows: rows, columns: columns, &random)
      var plan = TensorPlan(element: ElementType(dtype), values: ["fused", "planes"], searchesMatches: false)
      plan.rowBytes = columns * dtype.blockBytes
      let workspace = EncodingWorkspace(effort: Effort(level: 4))
      let choice = unsafe ChunkCodec.encode(bytes.span.bytes, at: 0, plan: plan, workspace)
      let stored = try workspace.withEncoded { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
      #expect(try StoredChunks.decode(stored, at: 0, byteCount: bytes.count) == bytes, "\(choice.name)")
      #expect(try unsafe ChunkCodec.choice(stored.span.bytes, names: EncodingRegistry.names).name == choice.name)
      if rows == 200, dtype == .bf16 {
        #expect(choice.name.hasPrefix("rows+"))
        for index in stored.indices.prefix(600) {
          for bit in 0..<8 {
            var damaged = stored
            damaged[index] ^= 1 << UInt8(bit)
            if let decoded = try? StoredChunks.decode(damaged, at: 0, byteCount: bytes.count) {
              #expect(decoded.count == bytes.count)
            }
          }
        }
      }
    }
  }

  @Test func whatIsNoMaskWithinRowsIsRefused() throws {
    // rows of 2 bytes around `number`, one class; then raw, one stream of 2 bytes.
    func chunk(around number: Int, classOfRow: UInt8 = 0, row: UInt8 = 2) -> [UInt8] {
      let rows = UInt8(EncodingRegistry.number(of: "rows"))
      let raw = UInt8(EncodingRegistry.number(of: "raw"))
      return [rows, 2, row, UInt8(number), 1, 0, 1, raw, 0, 1, 0, 2, classOfRow, 7, 8]
    }
    #expect(try StoredChunks.decode(chunk(around: 0), at: 0, byteCount: 2) == [7, 8])
    for damaged in [
      chunk(around: EncodingRegistry.number(of: "rows")), chunk(around: EncodingRegistry.number(of: "raw")),
      chunk(around: 100), chunk(around: 0, classOfRow: 16), chunk(around: 0, row: 0), chunk(around: 0, row: 3),
    ] {
      let error = #expect(throws: ModelError.self) { try StoredChunks.decode(damaged, at: 0, byteCount: 2) }
      #expect(error?.code == .malformed)
    }
  }
}
