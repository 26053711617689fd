import Kernels
import MemoryModel
import Testing

@Suite struct GapsTests {
  @Test func gapsAreTheZerosBeforeEachOne() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for length in lengthsAroundVectors + [253, 254, 509, 510, 511, 512, 765, 766, 4097] {
      for ones in [0, 1, 4, 100, 500, 1000] {
        let place: Comment = "seed \(seed), \(length) bits, \(ones) ‰ ones"
        let bits = (0..<length).map { _ in Int.random(in: 0..<1000, using: &generator) < ones }
        for set in InstructionSet.available { check(bits, on: set, place) }
        // The last element alone, behind the longest run there is.
        guard length > 0 else { continue }
        for set in InstructionSet.available { check((0..<length).map { $0 == length - 1 }, on: set, place) }
      }
    }
  }

  private func check(_ bits: [Bool], on set: InstructionSet, _ place: Comment) {
    let expected = reference(bits)
    let bitmap = GuardedBytes(packedBits(bits), alignment: 1)
    let gaps = GuardedBytes(Gaps.bound(elements: bits.count, stored: bits.count { $0 }), alignment: 1)
    let count = unsafe Gaps.encode(bitmap.source, elements: bits.count, into: gaps.bytes, on: set)
    #expect(Array(gaps.content.prefix(count)) == expected, "\(place), \(set.name)")
    let back = GuardedBytes([UInt8](repeating: 0, count: (bits.count + 7) / 8), alignment: 1)
    let stored = unsafe Gaps.decode(gaps.source, count: count, elements: bits.count, into: back.bytes)
    #expect(stored == bits.count { $0 }, place)
    #expect(back.content == bitmap.content, place)
    #expect(gaps.isIntact, place)
    #expect(back.isIntact, place)
  }

  private func reference(_ bits: [Bool]) -> [UInt8] {
    var gaps: [UInt8] = []
    var zeros = 0
    for bit in bits {
      guard bit else {
        zeros += 1
        continue
      }
      gaps += [UInt8](repeating: 255, count: zeros / 255) + [UInt8(zeros % 255)]
      zeros = 0
    }
    return gaps
  }

  @Test func theExampleOfTheSpecification() {
    let bits = [Bool](repeating: false, count: 600) + [true]
    let bitmap = GuardedBytes(packedBits(bits), alignment: 1)
    let gaps = GuardedBytes(8, alignment: 1)
    #expect(unsafe Gaps.encode(bitmap.source, elements: 601, into: gaps.bytes) == 3)
    #expect(gaps.content.prefix(3) == [255, 255, 90])
  }

  @Test(
    arguments: [
      ([0], 0, nil), ([0], 1, 1), ([1], 1, nil), ([0, 0], 1, nil), ([255], 255, 0), ([255], 254, nil),
      ([255, 0], 255, nil),
      ([255, 0], 256, 1), ([254], 255, 1), ([254], 254, nil), ([], 0, 0), ([], 9, 0), ([255, 255], 509, nil),
    ] as [([UInt8], Int, Int?)])
  func gapsThatLeadPastTheLastElementAreRefused(_ gaps: [UInt8], _ elements: Int, _ stored: Int?) {
    let source = GuardedBytes(gaps, alignment: 1)
    let bitmap = GuardedBytes([UInt8](repeating: 0, count: (elements + 7) / 8), alignment: 1)
    #expect(unsafe Gaps.decode(source.source, count: gaps.count, elements: elements, into: bitmap.bytes) == stored)
    #expect(bitmap.isIntact, "\(gaps) in \(elements)")
  }
}
