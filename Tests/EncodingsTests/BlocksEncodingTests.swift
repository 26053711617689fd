internal import MemoryModel
internal import TensorModel
internal import Testing

@testable internal import Encodings

/// What holds of `blocks` beyond the contract of every encoding: it needs a block type to take apart.
@Suite struct BlocksEncodingTests {
  private func encode(
    _ bytes: [UInt8], _ type: BlockType, level: Int, rowBlocks: Int = 0
  ) -> (stored: [UInt8], choice: ChunkChoice) {
    var plan = TensorPlan(element: .byte, values: ["blocks"], searchesMatches: false)
    plan.blocks = type
    plan.rowBlocks = rowBlocks
    let workspace = EncodingWorkspace(effort: Effort(level: level))
    let choice = unsafe ChunkCodec.encode(bytes.span.bytes, at: 0, plan: plan, workspace)
    let stored = try! workspace.withEncoded { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
    return (stored, choice)
  }

  /// Blocks with codes as those of weights: near the middle of what a code may be.
  private func weights(_ type: BlockType, _ count: Int, _ random: inout SeededRandom) -> [UInt8] {
    var bytes = random.blocks(type, count)
    for block in 0..<count {
      for field in type.layout.fields where field.role == .codes {
        for place in field.offset..<(field.offset + field.byteCount) {
          bytes[block * type.layout.byteCount + place] = UInt8.random(in: 0x76...0x89, using: &random)
        }
      }
    }
    return bytes
  }

  @Test(arguments: BlockType.allCases)
  func blocksOfEveryTypeComeBack(_ type: BlockType) throws {
    var random = SeededRandom("blocks of \(type.rawValue)")
    for (count, rowBlocks) in [(1, 0), (2, 4), (9, 4), (100, 7), (20_000 / type.layout.byteCount, 12)] {
      for bytes in [
        weights(type, count, &random), random.blocks(type, count), random.bytes(count * type.layout.byteCount),
      ] {
        for level in count < 10 ? [1, 3, 4] : [4] {
          let (stored, _) = encode(bytes, type, level: level, rowBlocks: rowBlocks)
          #expect(try StoredChunks.decode(stored, at: 0, byteCount: bytes.count) == bytes, "level \(level)")
        }
      }
    }
  }

  @Test(arguments: [BlockType.q4_0, .q4_1, .q5_0, .q8_0, .q2_k, .q3_k, .q4_k, .q5_k, .q6_k, .mxfp4])
  func codesOfManyBlocksAreSmallerByClasses(_ type: BlockType) throws {
    var random = SeededRandom("classes of \(type.rawValue)")
    let count = 200_000 / type.layout.byteCount
    let bytes = weights(type, count, &random)
    let (stored, choice) = encode(bytes, type, level: 3, rowBlocks: 8)
    #expect(choice.name == "blocks")
    #expect(Double(stored.count) < 0.97 * Double(bytes.count))
    #expect(try StoredChunks.decode(stored, at: 0, byteCount: bytes.count) == bytes)
  }

  @Test(arguments: [BlockType.q4_1, .q8_0, .q4_k, .iq2_xxs])
  func damagedBlocksThrowOrDecodeToTheirSize(_ type: BlockType) throws {
    var random = SeededRandom("damage to \(type.rawValue)")
    let bytes = weights(type, 1600 / type.layout.byteCount, &random)
    let (stored, choice) = encode(bytes, type, level: 3, rowBlocks: type == .q8_0 ? 4 : 0)
    #expect(choice.name == "blocks")
    for length in 0..<stored.count { attempt(Array(stored.prefix(length)), bytes.count) }
    for index in stored.indices {
      var damaged = stored
      damaged[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
      attempt(damaged, bytes.count)
    }
  }

  private func attempt(_ stored: [UInt8], _ byteCount: Int) {
    if let decoded = try? StoredChunks.decode(stored, at: 0, byteCount: byteCount) {
      #expect(decoded.count == byteCount)
    }
  }
}
