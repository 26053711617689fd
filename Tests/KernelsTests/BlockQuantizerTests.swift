import Foundation
import Kernels
import MemoryModel
import TensorModel
import Testing

@Suite struct BlockQuantizerTests {
  /// What all instruction sets make of the numbers.
  private func quantize(_ numbers: [UInt8], _ type: BlockType) throws -> [UInt8] {
    let found = try InstructionSet.available.map { try quantize(numbers, type, on: $0) }
    for other in found { #expect(other == found[0], "\(type.rawValue)") }
    return found[0]
  }

  private func quantize(_ numbers: [UInt8], _ type: BlockType, on set: InstructionSet) throws -> [UInt8] {
    let quantizer = try #require(BlockQuantizer(type))
    let source = GuardedBytes(numbers, alignment: 1)
    let target = GuardedBytes(
      numbers.count / 4 / type.layout.elements * type.layout.byteCount, alignment: 1)
    let special = unsafe quantizer.quantize(
      RawSpan(_unsafeStart: source.start, byteCount: source.count), into: target.start, on: set)
    #expect(special == nil && target.isIntact)
    return target.content
  }

  private func bytes(_ numbers: [Float]) -> [UInt8] {
    numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32(8 * $0)) } }
  }

  @Test(.enabled(if: Peer.python != nil, "scripts/make-venv makes the Python that this needs"))
  func blocksAreThoseOfTheReference() throws {
    let seed = UInt64.random(in: 0...UInt64(Int64.max))
    let folder = try Peer.folder("quantize-\(seed)")
    defer { Peer.remove(folder) }
    try Peer.run("quantize_blocks.py", folder.path, "\(seed)")
    for type in [BlockType.q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .tq1_0, .tq2_0, .mxfp4] {
      let numbers = try Data(contentsOf: folder.appendingPathComponent("\(type.rawValue).f32"))
      let expected = [UInt8](try Data(contentsOf: folder.appendingPathComponent("\(type.rawValue).blocks")))
      let found = try quantize([UInt8](numbers), type)
      #expect(found.count == expected.count)
      if let place = found.indices.first(where: { found[$0] != expected[$0] }) {
        let size = type.layout.byteCount
        Issue.record(
          "\(type.rawValue): byte \(place % size) of block \(place / size) is \(found[place]), not \(expected[place])")
      }
    }
  }

  /// Of −16 to 15; what is known of these from the reference.
  @Test(arguments: [
    (BlockType.q4_0, "0040809191a2a2b3b3c4c4d5d5e6e6f7f7f8"),
    (.q4_1, "224000cc80809191a2a2b3b3c4c4d5d5e6e6f7f7"),
    (.q5_0, "003c0000ffff00112233445566778899aabbccddeeff"),
    (.q8_0, "083081899199a1a9b1b9c0c8d0d8e0e8f0f8000810182028303840474f575f676f77"),
    (.mxfp4, "810e0e1d1d2d2d3c3c4c4b4b5a5a595960"),
  ])
  func knownBlocks(type: BlockType, expected: String) throws {
    let found = try quantize(bytes((-16..<16).map { Float($0) }), type)
    #expect(found.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
  }

  /// Blocks of types with scales of two levels, as ggml's reference makes them of these numbers.
  @Test(arguments: KnownBlocks.all)
  func knownBlocksOfTwoLevels(_ known: KnownBlocks) throws {
    #expect(try quantize(bytes(KnownBlocks.numbers), known.type) == known.bytes)
  }

  @Test(arguments: BlockQuantizer.types)
  func whatLiesOnTheGridComesBack(_ type: BlockType) throws {
    // Every code of 8 levels and the extremes, so that scales are exact.
    let levels: [Float] = type == .tq1_0 || type == .tq2_0 ? [-1, 0, 1, 1] : [-4, -2, 0, 2]
    let numbers = (0..<256).map { levels[$0 % 4] }
    let blocks = try quantize(bytes(numbers), type)
    let back = unsafe BlockWidening.numbers(of: blocks.span.bytes, type)
    for (number, found) in zip(numbers, back) { #expect(abs(number - found) <= 0.27, "\(type.rawValue)") }
  }

  @Test(arguments: BlockQuantizer.types)
  func aNumberThatIsNotFiniteIsNamed(_ type: BlockType) throws {
    let quantizer = try #require(BlockQuantizer(type))
    for (special, set) in InstructionSet.available.flatMap({ [(Float.nan, $0), (-Float.infinity, $0)] }) {
      for place in [0, 255, 300, 511] {
        var numbers = (0..<512).map { Float($0) }
        numbers[place] = special
        numbers[511] = .nan
        var target = [UInt8](repeating: 0, count: 512 / type.layout.elements * type.layout.byteCount)
        let found = unsafe target.withUnsafeMutableBytes { target in
          unsafe quantizer.quantize(bytes(numbers).span.bytes, into: target.baseAddress!, on: set)
        }
        #expect(found == place, "\(type.rawValue)")
      }
    }
  }

  @Test(arguments: BlockQuantizer.types)
  func zerosOfBothSignsAreTheSameOnEverySet(_ type: BlockType) throws {
    var random = SeededRandom("zeros for \(type.rawValue)")
    for most in [Float(0), 1, -1] {
      let numbers = (0..<4096).map { _ in
        switch random.next() % 8 {
        case 0: most
        case 1, 2, 3: Float(0)
        default: -Float(0)
        }
      }
      _ = try quantize(bytes(numbers), type)
    }
  }

  @Test func someTypesAreOnlyRead() {
    for type in BlockType.allCases where !BlockQuantizer.types.contains(type) { #expect(BlockQuantizer(type) == nil) }
  }
}
