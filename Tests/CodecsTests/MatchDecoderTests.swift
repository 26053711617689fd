internal import Codecs
internal import MemoryModel
internal import TensorModel
internal import Testing

/// LZ4 blocks and LZF streams written by hand.
@Suite struct MatchDecoderTests {
  private func lz4(_ stored: [UInt8], _ count: Int) throws(ModelError) -> [UInt8] {
    let (source, target) = (GuardedBytes(stored, alignment: 1), GuardedBytes(count, alignment: 1))
    try unsafe LZ4Block.decompress(
      UnsafeRawBufferPointer(start: source.start, count: stored.count),
      into: UnsafeMutableRawBufferPointer(start: target.start, count: count))
    #expect(target.isIntact)
    return target.content
  }

  private func lzf(_ stored: [UInt8], _ count: Int) throws(ModelError) -> [UInt8] {
    let (source, target) = (GuardedBytes(stored, alignment: 1), GuardedBytes(count, alignment: 1))
    let found = try unsafe LZF.decompress(
      UnsafeRawBufferPointer(start: source.start, count: stored.count),
      into: UnsafeMutableRawBufferPointer(start: target.start, count: count))
    #expect(target.isIntact)
    return Array(target.content[..<found])
  }

  @Test func lz4RepeatsWhatAMatchItselfWrites() throws {
    // Three literals; 4 + 9 bytes from three back; one literal.
    #expect(try lz4([0x39, 1, 2, 3, 3, 0, 0x10, 9], 17) == [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 9])
    // A run of one byte, whose length goes on in two more.
    #expect(try lz4([0x1F, 5, 1, 0, 255, 0, 0x10, 6], 1 + 4 + 15 + 255 + 1) == [UInt8](repeating: 5, count: 275) + [6])
    #expect(try lz4([0], 0) == [])
  }

  @Test(arguments: [9, 10, 15, 16, 17, 100])
  func lz4CopiesMatchesOfEveryDistance(distance: Int) throws {
    let literals = (0..<distance).map { UInt8($0) }
    let head: [UInt8] = distance < 15 ? [UInt8(distance) << 4 | 15] : [0xFF, UInt8(distance - 15)]
    let decoded = try lz4(head + literals + [UInt8(distance), 0, 200, 0], distance + 219)
    #expect(decoded == (0..<(distance + 219)).map { UInt8($0 % distance) })
  }

  @Test func lz4ErrorsNameTheirOffset() throws {
    func error(_ stored: [UInt8], _ count: Int) -> String? {
      #expect(throws: ModelError.self) { try lz4(stored, count) }?.description
    }
    #expect(error([], 0) == "expected another byte of an LZ4 block (at byte 0)")
    #expect(error([0x40, 1, 2], 4) == "expected 4 literals, 2 bytes are left (at byte 1)")
    #expect(error([0x20, 1, 2], 1) == "2 bytes behind 0, expected 1 at most (at byte 1)")
    #expect(error([0x10, 1, 0, 0, 0], 9) == "a match 0 bytes back, behind 1 bytes (at byte 4)")
    #expect(error([0x10, 1, 2, 0, 0], 9) == "a match 2 bytes back, behind 1 bytes (at byte 4)")
    #expect(error([0x10, 1, 1, 0, 0], 4) == "4 bytes behind 1, expected 4 at most (at byte 4)")
    #expect(error([0x10, 1], 2) == "an LZ4 block gives 1 bytes, expected 2 (at byte 2)")
    #expect(error([0xF0, 255, 255], 999) == "expected another byte of an LZ4 block (at byte 3)")
  }

  @Test func lzfTakesLiteralsAndMatches() throws {
    // Two literals; a match of 3 from 2 back; a long one of 9 + 4 from 1 back.
    #expect(try lzf([1, 7, 8, 0x20, 1, 0xE0, 4, 0], 100) == [7, 8, 7, 8, 7] + [UInt8](repeating: 7, count: 13))
    #expect(try lzf([], 0) == [])
  }

  @Test func lzfErrorsNameTheirOffset() throws {
    func error(_ stored: [UInt8], _ count: Int) -> String? {
      #expect(throws: ModelError.self) { try lzf(stored, count) }?.description
    }
    #expect(error([2, 1, 2], 9) == "expected 3 literals, 2 bytes are left (at byte 1)")
    #expect(error([0x20], 9) == "expected another byte of an LZF stream (at byte 1)")
    #expect(error([0x20, 0], 9) == "a match 1 bytes back, behind 0 bytes (at byte 2)")
    #expect(error([0, 1, 0x20, 0], 3) == "3 bytes behind 1, expected 3 at most (at byte 4)")
  }
}
