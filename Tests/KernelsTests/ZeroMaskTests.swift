import Kernels
import MemoryModel
import Testing

@Suite struct ZeroMaskTests {
  static let cases: [(width: Int, hasSign: Bool)] = [1, 2, 4, 8].flatMap { [($0, false), ($0, true)] }

  @Test(arguments: cases)
  func countSplitAndJoinAgreeWithPlainLoops(_ width: Int, _ hasSign: Bool) throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for length in lengthsAroundVectors + [4097] {
      for zeros in [0, 10, 500, 999, 1000] {
        let place: Comment = "seed \(seed), \(length) words of \(width) bytes, \(zeros) ‰ zeros"
        let source = sparseWords(length, width: width, zerosPerMille: zeros, hasSign: hasSign, using: &generator)
        for set in InstructionSet.available { check(source, width, hasSign, on: set, "\(place), \(set.name)") }
      }
    }
  }

  private func check(
    _ source: [UInt64], _ width: Int, _ hasSign: Bool, on set: InstructionSet, _ place: Comment
  ) {
    let sign = hasSign ? UInt64(1) << UInt64(8 * width - 1) : 0
    let isZero = source.map { $0 & ~sign == 0 }
    let memory = GuardedBytes(bytes(source, width: width))
    let bitmap = GuardedBytes((source.count + 7) / 8, alignment: 1)
    let packed = GuardedBytes((source.count + 1) * width)

    let counted = unsafe ZeroMask.count(memory.start, elements: source.count, width: width, hasSign: hasSign, on: set)
    #expect(counted.zeros == isZero.count { $0 }, place)
    #expect(counted.negative == source.count { sign != 0 && $0 == sign }, place)

    let stored = unsafe ZeroMask.split(
      memory.start, elements: source.count, width: width, hasSign: hasSign, bitmap: bitmap.bytes, packed: packed.start,
      on: set)
    let kept = zip(source, isZero).filter { !$1 }.map(\.0)
    #expect(stored == kept.count, place)
    #expect(Array(packed.content.prefix(stored * width)) == bytes(kept, width: width), place)
    #expect(bitmap.content == packedBits(isZero.map { !$0 }), place)
    #expect(unsafe ZeroMask.ones(bitmap.source, elements: source.count) == kept.count, place)

    let signs = GuardedBytes((source.count + 7) / 8 + 1, alignment: 1)
    let signBytes = unsafe ZeroMask.splitSigns(
      memory.start, elements: source.count, width: width, bitmap: bitmap.source, into: signs.bytes, on: set)
    let top = UInt64(1) << UInt64(8 * width - 1)
    let expectedSigns = packedBits(zip(source, isZero).filter { $1 }.map { $0.0 & top != 0 })
    #expect(Array(signs.content.prefix(signBytes)) == expectedSigns, place)

    let joined = GuardedBytes(source.count * width)
    unsafe ZeroMask.join(
      bitmap: bitmap.source, packed: packed.start, elements: source.count, width: width, into: joined.start, on: set)
    #expect(joined.content == bytes(zip(source, isZero).map { $1 ? 0 : $0 }, width: width), place)
    unsafe ZeroMask.joinSigns(
      UnsafeRawBufferPointer(start: signs.start, count: signBytes), bitmap: bitmap.source, elements: source.count,
      width: width, into: joined.start, on: set)
    #expect(joined.content == memory.content, place)
    for memory in [bitmap, packed, signs, joined] { #expect(memory.isIntact, place) }
  }

  @Test func bitsPastTheLastElementAreFound() {
    let bitmap: [UInt8] = [0xFF, 0b0001_1111]
    for (elements, ones) in [(13, 13), (12, nil), (9, nil), (16, 13), (14, 13)] as [(Int, Int?)] {
      #expect(unsafe ZeroMask.ones(bitmap, elements: elements) == ones, "\(elements) elements")
    }
    #expect(unsafe ZeroMask.ones(bitmap, elements: 0) == 0)
  }

  @Test func theSplitOfTheSpecification() {
    // 1.0, −0, +0, −2.0, a NaN that looks like no zero, a subnormal, −0, 3.0, +0 as bf16.
    let source: [UInt64] = [0x3F80, 0x8000, 0x0000, 0xC000, 0xFFC0, 0x0001, 0x8000, 0x4040, 0x0000]
    let memory = GuardedBytes(bytes(source, width: 2))
    let (bitmap, packed, signs) = (GuardedBytes(2, alignment: 1), GuardedBytes(20), GuardedBytes(3, alignment: 1))
    let stored = unsafe ZeroMask.split(
      memory.start, elements: 9, width: 2, hasSign: true, bitmap: bitmap.bytes, packed: packed.start)
    #expect(stored == 5)
    #expect(bitmap.content == [0b1011_1001, 0])
    #expect(packed.content.prefix(10) == [0x80, 0x3F, 0x00, 0xC0, 0xC0, 0xFF, 0x01, 0x00, 0x40, 0x40])
    let count = unsafe ZeroMask.splitSigns(
      memory.start, elements: 9, width: 2, bitmap: bitmap.source, into: signs.bytes)
    #expect(count == 1 && signs.content[0] == 0b0101)
  }
}

/// Bit i of the list at bit i mod 8 of byte i / 8.
func packedBits(_ bits: [Bool]) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: (bits.count + 7) / 8)
  for (index, bit) in bits.enumerated() where bit { bytes[index / 8] |= 1 << UInt8(index % 8) }
  return bytes
}
