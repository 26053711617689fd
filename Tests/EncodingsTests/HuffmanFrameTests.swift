internal import Codecs
internal import Kernels
internal import MemoryModel
internal import TensorModel
internal import Testing

@testable internal import Encodings

/// The frames of our own making, read back by zstd.
@Suite struct HuffmanFrameTests {
  private static let block = 128 << 10

  /// What bytes are like: how each is drawn from 64 random bits.
  enum Source: String, CaseIterable {
    case uniform, nibbles, geometric, twoValues, mostlyOne, steep, changing, oneInAThousand, high, everyValue

    func bytes(_ count: Int, _ random: inout SeededRandom) -> [UInt8] {
      (0..<count).map { index in
        let bits = random.next()
        let geometric = UInt8(min(bits.trailingZeroBitCount, 255))
        switch self {
        case .uniform: return UInt8(truncatingIfNeeded: bits)
        case .nibbles: return UInt8(bits & 15)
        case .geometric: return geometric
        case .twoValues: return bits & 3 == 0 ? 200 : 3
        case .mostlyOne: return bits & 255 == 0 ? UInt8(bits >> 8 & 255) : 7
        // Codes far beyond 11 bits, were they not limited.
        case .steep: return UInt8(min((bits | 1 << 40).trailingZeroBitCount * 3, 255))
        // A block of its own kind every 128 KiB.
        case .changing: return UInt8(truncatingIfNeeded: Int(geometric) + index / HuffmanFrameTests.block * 50)
        case .oneInAThousand: return bits % 1000 == 0 ? UInt8(bits >> 32 & 255) : UInt8(bits & 7)
        case .high: return 0xF0 | UInt8(bits & bits >> 8 & 15)
        case .everyValue: return bits & 1 == 0 ? UInt8(truncatingIfNeeded: index) : UInt8(bits >> 8 & 3)
        }
      }
    }
  }

  @Test(arguments: Source.allCases)
  func zstdReadsEveryFrame(source: Source) throws {
    var random = SeededRandom("huffman", seed: 3)
    let counts =
      Array(0...40) + [255, 256, 257, 259, 1023, 1024, 1025, 4097, 16383, 16384, 16385]
      + [Self.block - 1, Self.block, Self.block + 1, 3 * Self.block + 77]
    for count in counts {
      let bytes = source.bytes(count, &random)
      guard let frame = compress(bytes) else { continue }
      #expect(frame.count < count)
      let back = try unsafe FrameCodec.decompressed(frame.span.bytes, byteCount: count)
      #expect(back == bytes, "\(source), \(count) bytes")
    }
  }

  @Test func framesComeCloseToTheEntropy() throws {
    var random = SeededRandom("huffman", seed: 5)
    for (source, most) in [(Source.nibbles, 0.501), (.geometric, 0.2525), (.twoValues, 0.1255), (.high, 0.44)] {
      let frame = try #require(compress(source.bytes(1 << 20, &random)))
      #expect(Double(frame.count) / Double(1 << 20) < most, "\(source)")
    }
    #expect(compress(Source.uniform.bytes(1 << 20, &random)) == nil)
  }

  @Test func aBlockOfItsOwnKindHasACodeOfItsOwn() throws {
    var random = SeededRandom("huffman", seed: 6)
    let changing = try #require(compress(Source.changing.bytes(3 * Self.block, &random)))
    let steady = try #require(compress(Source.geometric.bytes(3 * Self.block, &random)))
    #expect(changing.count < steady.count + 1000)
  }

  @Test func codesAreCompleteAndNoLongerThanZstdTakes() throws {
    var random = SeededRandom("huffman", seed: 7)
    for source in Source.allCases {
      for count in [2, 3, 100, 5000, 200_000] {
        var counts = [UInt32](repeating: 0, count: 256)
        for byte in source.bytes(count, &random) { counts[Int(byte)] += 1 }
        guard let code = HuffmanCode(counts: counts) else { continue }
        #expect(placesTaken(code) == 2048, "\(source), \(count)")
        #expect(code.longest <= HuffmanStreams.longestCode)
        #expect(zip(counts, code.lengths).allSatisfy { ($0 > 0) == ($1 > 0) })
        #expect(Double(try #require(code.bits(counts))) >= Entropy.bits(counts) - 1e-6)
      }
    }
  }

  @Test func countsThatGrowLikeFibonacciAreLimited() throws {
    var counts = [UInt32](repeating: 0, count: 256)
    (counts[0], counts[1]) = (1, 1)
    for symbol in 2..<30 { counts[symbol] = counts[symbol - 1] + counts[symbol - 2] }
    let code = try #require(HuffmanCode(counts: counts))
    #expect(code.longest == 11)
    #expect(placesTaken(code) == 2048)
    #expect(code.lengths[29] == 1)
  }

  /// Of 2,048, the places that the codes take: all in a complete code.
  private func placesTaken(_ code: HuffmanCode) -> Int {
    code.lengths.reduce(0) { places, length in length == 0 ? places : places + (2048 >> Int(length)) }
  }

  private func compress(_ bytes: [UInt8]) -> [UInt8]? {
    let room = ScratchBuffer()
    let target = unsafe room.raw(HuffmanFrame.bound(bytes.count))
    let size = unsafe bytes.withUnsafeBytes {
      unsafe HuffmanFrame().compress($0, into: target, limit: bytes.count)
    }
    return size.map { unsafe [UInt8](UnsafeRawBufferPointer(start: target, count: $0)) }
  }
}
