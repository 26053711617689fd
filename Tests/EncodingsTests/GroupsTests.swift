internal import Kernels
internal import MemoryModel
internal import TensorModel
internal import Testing

@testable internal import Encodings

struct GroupsTests {
  /// Random BF16 words of which each group keeps `kept`, but for a few groups.
  private func bytes(_ groups: MaskGroups, rows: Int, kept: Int, misses: Int, _ random: inout SeededRandom) -> [UInt8] {
    var words = (0..<rows * groups.row).map { _ in UInt16.random(in: 0x3C00...0x3D00, using: &random) }
    let starts =
      groups.isDown
      ? stride(from: groups.first - groups.size, to: rows, by: groups.size).flatMap { row in
        (0..<groups.row).map { (row, $0) }
      }
      : (0..<rows).flatMap { row in stride(from: 0, to: groups.row, by: groups.size).map { (row, $0) } }
    for (number, start) in starts.enumerated() {
      let places = (0..<groups.size).shuffled(using: &random).prefix(groups.size - kept)
      for place in places where misses == 0 || number % misses != 0 {
        let row = start.0 + (groups.isDown ? place : 0)
        let column = start.1 + (groups.isDown ? 0 : place)
        guard (0..<rows).contains(row), column < groups.row else { continue }
        words[row * groups.row + column] = Bool.random(using: &random) ? 0 : 0x8000
      }
    }
    return words.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
  }

  @Test(arguments: [(2, 4, true), (1, 3, true), (3, 5, true), (3, 5, false), (1, 3, false), (2, 7, false)])
  func groupsAreFoundAndChunksComeBack(kept: Int, size: Int, isDown: Bool) throws {
    var random = SeededRandom("\(kept) of \(size)")
    for misses in [0, 40] {
      // From the second row of a band on, so that the first one is cut.
      let row = isDown ? 30 : 29
      let groups = MaskGroups(size: size, isDown: isDown, row: row, first: isDown ? size - 1 : size)
      let position = isDown ? row * (5 * size + 1) : row * 3
      let bytes = bytes(groups, rows: 12 * size + 2, kept: kept, misses: misses, &random)
      let type = ElementType(.bf16)
      let workspace = EncodingWorkspace(effort: Effort(level: 3))
      let found = unsafe GroupFinding.find(
        bytes.span.bytes, at: position, of: type, along: row, across: [row], workspace)
      #expect(found == GroupFinding(kept: kept, size: size, isDown: isDown, row: row))

      var plan = TensorPlan(element: type, values: ["fused"], searchesMatches: false)
      plan.groups = found
      let choice = unsafe ChunkCodec.encode(bytes.span.bytes, at: 2 * position, plan: plan, workspace)
      #expect(choice.name == "groups+fused")
      let stored = try workspace.withEncoded { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } }
      #expect(try StoredChunks.decode(stored, at: 2 * position, byteCount: bytes.count) == bytes)
      for index in stored.indices.prefix(200) {
        for bit in 0..<8 {
          var damaged = stored
          damaged[index] ^= 1 << UInt8(bit)
          let decoded = try? StoredChunks.decode(damaged, at: 2 * position, byteCount: bytes.count)
          #expect(decoded == nil || decoded!.count == bytes.count)
        }
      }
    }
  }

  @Test func randomZerosAreNoGroups() {
    var random = SeededRandom("no groups")
    let words = (0..<60 * 64).map { _ in Bool.random(using: &random) ? UInt8(0) : 1 }
    let workspace = EncodingWorkspace(effort: Effort(level: 3))
    let found = unsafe GroupFinding.find(
      words.span.bytes, at: 0, of: .byte, along: 60, across: [60], workspace)
    #expect(found == nil)
  }

  @Test func aMaskDownColumnsTakesWhatItHolds() throws {
    var random = SeededRandom("2 of 4")
    let groups = MaskGroups(size: 4, isDown: true, row: 512, first: 4)
    let bytes = bytes(groups, rows: 512, kept: 2, misses: 0, &random)
    var sizes: [Int] = []
    for finding in [GroupFinding(kept: 2, size: 4, isDown: true, row: 512), nil] {
      var plan = TensorPlan(element: ElementType(.bf16), values: ["fused"], searchesMatches: false)
      plan.groups = finding
      let workspace = EncodingWorkspace(effort: Effort(level: 3))
      _ = unsafe ChunkCodec.encode(bytes.span.bytes, at: 0, plan: plan, workspace)
      sizes.append(workspace.encodedByteCount)
    }
    // log2 6 bits for 4 elements and not 4.
    #expect(Double(sizes[1] - sizes[0]) * 8 > 0.34 * 512 * 512)
  }
}
