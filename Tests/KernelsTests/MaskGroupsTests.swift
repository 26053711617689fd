import Kernels
import MemoryModel
import Testing

@Suite struct MaskGroupsTests {
  /// The places of the elements of each group, in order.
  private func places(_ groups: MaskGroups, rows: Int) -> [[Int]] {
    guard groups.isDown else {
      return (0..<rows).flatMap { row in
        stride(from: 0, to: groups.row, by: groups.size).map { start in
          (start..<min(start + groups.size, groups.row)).map { row * groups.row + $0 }
        }
      }
    }
    var bands: [Range<Int>] = []
    var start = 0
    while start < rows {
      let end = min(rows, start + (bands.isEmpty ? groups.first : groups.size))
      bands.append(start..<end)
      start = end
    }
    return bands.flatMap { band in (0..<groups.row).map { column in band.map { $0 * groups.row + column } } }
  }

  private func check(_ groups: MaskGroups, rows: Int, _ random: inout SeededRandom) {
    let count = rows * groups.row
    let bits = (0..<count).map { _ in Bool.random(using: &random) }
    let masks = places(groups, rows: rows).map { group in
      group.enumerated().reduce(0) { bits[$1.element] ? $0 | 1 << $1.offset : $0 }
    }
    let perByte = 8 / groups.size
    let expected = stride(from: 0, to: masks.count, by: perByte).map { start -> UInt8 in
      UInt8(
        masks[start..<min(start + perByte, masks.count)].enumerated().reduce(0) {
          $0 | $1.element << (groups.size * $1.offset)
        })
    }
    #expect(groups.byteCount(elements: count) == expected.count)
    let bitmap = GuardedBytes(packedBits(bits), alignment: 1)
    let bytes = GuardedBytes(expected.count, alignment: 1)
    unsafe groups.gather(bitmap.source, elements: count, into: bytes.bytes)
    #expect(bytes.content == expected, "\(groups), \(rows) rows")
    let back = GuardedBytes([UInt8](repeating: 0, count: bitmap.count), alignment: 1)
    #expect(unsafe groups.scatter(bytes.source, elements: count, into: back.bytes))
    #expect(back.content == bitmap.content)
    #expect(bytes.isIntact && back.isIntact)
    let full = places(groups, rows: rows).filter { $0.count == groups.size }
    let tally = (0...groups.size).map { kept in full.count { $0.count { bits[$0] } == kept } }
    #expect(unsafe groups.tally(bitmap.source, elements: count) == tally)
  }

  @Test(arguments: 2...8) func groupsAreGatheredAndPutBack(size: Int) {
    var random = SeededRandom("groups of \(size)")
    for row in [1, 2, size, size + 1, 7, 8, 30] {
      for rows in [1, 2, size, size + 1, 3 * size - 1, 20] {
        check(MaskGroups(size: size, isDown: false, row: row, first: size), rows: rows, &random)
        for first in 1...size {
          check(MaskGroups(size: size, isDown: true, row: row, first: first), rows: rows, &random)
        }
      }
    }
  }

  /// Whatever bytes come, as many elements are set as are named, inside of the chunk, or it is said that they are not.
  @Test func anyBytesAreTakenOrRefused() {
    var random = SeededRandom("bytes of groups")
    for _ in 0..<2000 {
      let size = Int.random(in: 2...8, using: &random)
      let isDown = Bool.random(using: &random)
      let groups = MaskGroups(
        size: size, isDown: isDown, row: Int.random(in: 1...9, using: &random),
        first: isDown ? Int.random(in: 1...size, using: &random) : size)
      let count = groups.row * Int.random(in: 1...9, using: &random)
      let bytes = GuardedBytes(random.bytes(groups.byteCount(elements: count)), alignment: 1)
      let bitmap = GuardedBytes([UInt8](repeating: 0, count: (count + 7) / 8), alignment: 1)
      let isWhole = unsafe groups.scatter(bytes.source, elements: count, into: bitmap.bytes)
      #expect(bitmap.isIntact)
      let ones = bytes.content.reduce(0) { $0 + $1.nonzeroBitCount }
      let set = unsafe ZeroMask.ones(bitmap.source, elements: count)
      #expect(!isWhole || set == ones)
    }
  }
}
