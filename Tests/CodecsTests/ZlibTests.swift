internal import Codecs
internal import MemoryModel
internal import TensorModel
internal import Testing

@Suite struct ZlibTests {
  private func compressed(_ content: [UInt8], level: Int) throws -> [UInt8] {
    let target = GuardedBytes(ZlibCompressor.bound(content.count), alignment: 1)
    let count = try unsafe content.withUnsafeBytes { content in
      try #require(
        unsafe ZlibCompressor(level: level).compress(
          content, into: UnsafeMutableRawBufferPointer(start: target.start, count: target.count)))
    }
    return Array(target.content[..<count])
  }

  private func decompressed(_ stored: [UInt8], _ count: Int) throws(ModelError) -> [UInt8] {
    let target = GuardedBytes(count, alignment: 1)
    let source = GuardedBytes(stored, alignment: 1)
    let found = try unsafe ZlibDecompressor().decompress(
      UnsafeRawBufferPointer(start: source.start, count: stored.count),
      into: UnsafeMutableRawBufferPointer(start: target.start, count: count))
    return Array(target.content[..<found])
  }

  @Test(arguments: 0...9)
  func everyLevelComesBack(level: Int) throws {
    var random = SeededRandom("zlib")
    for count in [0, 1, 2, 1000, 200_000] {
      let content = (0..<count).map { _ in UInt8(random.next() % 7) }
      let stored = try compressed(content, level: level)
      #expect(try decompressed(stored, count) == content)
      #expect(try decompressed(stored, count + 10) == content)
    }
  }

  @Test func aContextIsUsedAgain() throws {
    let decompressor = ZlibDecompressor()
    let stored = try compressed([1, 2, 3], level: 6)
    let target = GuardedBytes(3, alignment: 1)
    for broken in [false, true, false] {
      let bytes = broken ? Array(stored.dropLast()) : stored
      let count = unsafe bytes.withUnsafeBytes { bytes in
        try? unsafe decompressor.decompress(
          bytes, into: UnsafeMutableRawBufferPointer(start: target.start, count: 3))
      }
      #expect(count == (broken ? nil : 3))
    }
  }

  @Test func whatDoesNotFitIsSaid() throws {
    let content = [UInt8](repeating: 1, count: 1000)
    let stored = try compressed(content, level: 6)
    let small = GuardedBytes(stored.count - 1, alignment: 1)
    let room = unsafe UnsafeMutableRawBufferPointer(start: small.start, count: small.count)
    #expect(unsafe content.withUnsafeBytes { unsafe ZlibCompressor(level: 6).compress($0, into: room) } == nil)
    for (bytes, count, reason) in [
      (stored, 999, "gives more than the 999 bytes expected"), (Array(stored.dropLast()), 1000, "ends early"),
      (stored + [7], 1000, "1 bytes too many"), ([1, 2, 3], 1000, "is broken: incorrect header check"),
      ([], 1000, "ends early"),
    ] {
      let error = #expect(throws: ModelError.self) { try decompressed(bytes, count) }
      #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }
  }
}
