import Kernels
import MemoryModel
import Testing

/// The kernels of differences from a base, beside plain Swift.
@Suite struct BaseKernelTests {
  private func words<W: FixedWidthInteger & UnsignedInteger>(
    _ type: W.Type, _ count: Int, _ random: inout SeededRandom
  ) -> [W] {
    // Few bits apart and at the ends of the range, so that keys are shared and differences wrap.
    (0..<count).map { _ in
      let bits = W.random(in: 0...W.max, using: &random)
      return Bool.random(using: &random)
        ? bits : (bits & 3) &- 2 ^ (Bool.random(using: &random) ? 0 : 1 << (W.bitWidth - 1))
    }
  }

  private func bytes<W: FixedWidthInteger>(_ words: [W]) -> [UInt8] {
    words.flatMap { word in
      (0..<(W.bitWidth / 8)).map { UInt8(truncatingIfNeeded: word >> W(8 * $0)) }
    }
  }

  private func checkSort<W: FixedWidthInteger & UnsignedInteger>(_ type: W.Type) {
    var random = SeededRandom("sort of \(type)")
    for count in [0, 1, 2, 100, 3000] {
      let (source, base) = (words(type, count, &random), words(type, count, &random))
      let width = W.bitWidth / 8
      let shift = width == 1 ? 0 : W.bitWidth - 16
      let order = base.indices.sorted {
        ((base[$0] & W.max >> 1) >> shift, $0) < ((base[$1] & W.max >> 1) >> shift, $1)
      }
      let counters = GuardedBytes(4 * MagnitudeSort.counterCount(width: width), alignment: 4)
      let (from, by) = (GuardedBytes(bytes(source), alignment: 8), GuardedBytes(bytes(base), alignment: 8))
      let (sorted, sortedBase) = (GuardedBytes(count * width, alignment: 8), GuardedBytes(count * width, alignment: 8))
      let room = unsafe UnsafeMutableRawPointer(counters.bytes).assumingMemoryBound(to: UInt32.self)
      unsafe MagnitudeSort.gather(
        from.source, by: by.source, count: count, width: width, counters: room, into: sorted.bytes, sortedBase.bytes)
      #expect(sorted.content == bytes(order.map { source[$0] }))
      #expect(sortedBase.content == bytes(order.map { base[$0] }))
      let alone = GuardedBytes(count * width, alignment: 8)
      unsafe MagnitudeSort.sort(by.source, count: count, width: width, counters: room, into: alone.bytes)
      #expect(alone.content == sortedBase.content && alone.isIntact)
      let back = GuardedBytes(count * width, alignment: 8)
      unsafe MagnitudeSort.scatter(
        sorted.source, by: by.source, count: count, width: width, counters: room, into: back.bytes)
      #expect(back.content == bytes(source))
      #expect(counters.isIntact && sorted.isIntact && sortedBase.isIntact && back.isIntact)
    }
  }

  @Test func elementsAreSortedByTheMagnitudesOfTheBaseAndBack() {
    checkSort(UInt8.self)
    checkSort(UInt16.self)
    checkSort(UInt32.self)
    checkSort(UInt64.self)
  }

  private func checkDifferences<W: FixedWidthInteger & UnsignedInteger>(_ type: W.Type) {
    var random = SeededRandom("differences of \(type)")
    let width = W.bitWidth / 8
    for count in [0, 1, 9, 1000] {
      let (source, base) = (words(type, count, &random), words(type, count, &random))
      let kept = (0..<count).map { _ in Bool.random(using: &random) }
      for order in [WordDifferences.Order.plain, .signed] {
        func value(_ word: W) -> W {
          order == .signed && word >> (W.bitWidth - 1) == 1 ? word ^ (W.max >> 1) : word
        }
        // 0, −1, 1, −2 … as 0, 1, 2, 3 …
        let expected = zip(source, base).map { x, b -> W in
          let difference = value(x) &- value(b)
          return difference >> (W.bitWidth - 1) == 0 ? 2 &* difference : 2 &* (0 &- difference) &- 1
        }
        for isMasked in [false, true] {
          let (from, by) = (GuardedBytes(bytes(source), alignment: 8), GuardedBytes(bytes(base), alignment: 8))
          let bitmap = GuardedBytes(packedBits(kept), alignment: 1)
          let out = GuardedBytes((count + 1) * width, alignment: 8)
          let written = unsafe WordDifferences.encode(
            from.source, from: by.source, count: count, width: width, order: order,
            bitmap: isMasked ? bitmap.source : nil, into: out.bytes)
          let wanted = isMasked ? zip(expected, kept).filter(\.1).map(\.0) : expected
          #expect(written == wanted.count)
          #expect(Array(out.content.prefix(written * width)) == bytes(wanted))
          #expect(out.isIntact)
          guard !isMasked else { continue }
          unsafe WordDifferences.decode(out.bytes, from: by.source, count: count, width: width, order: order)
          #expect(Array(out.content.prefix(count * width)) == bytes(source))
        }
      }
    }
  }

  @Test func differencesAreSmallWhereWordsAreCloseAndGiveTheWordsBack() {
    checkDifferences(UInt8.self)
    checkDifferences(UInt16.self)
    checkDifferences(UInt32.self)
    checkDifferences(UInt64.self)
  }

  @Test(arguments: [1, 2, 4, 8]) func signsOfZerosAreTakenFromTheBase(width: Int) {
    var random = SeededRandom("signs")
    for count in [0, 1, 8, 200] {
      let base = random.bytes(count * width)
      let kept = (0..<count).map { _ in Bool.random(using: &random) }
      let flips = (0..<count).filter { !kept[$0] }.map { _ in Int.random(in: 0..<4, using: &random) == 0 }
      var (plain, signed, flipped) = (base, base, base)
      var left = 0
      for index in 0..<count where !kept[index] {
        let top = index * width + width - 1
        for place in (index * width)...top { (plain[place], signed[place], flipped[place]) = (0, 0, 0) }
        signed[top] = base[top] & 0x80
        flipped[top] = signed[top] ^ (flips[left] ? 0x80 : 0)
        left += 1
      }
      let (by, bitmap) = (GuardedBytes(base, alignment: 8), GuardedBytes(packedBits(kept), alignment: 1))
      let target = GuardedBytes(base, alignment: 8)
      unsafe BaseSigns.clear(target.bytes, signsOf: by.source, count: count, width: width, bitmap: bitmap.source)
      #expect(target.content == signed)
      let bits = GuardedBytes(left / 8 + 1, alignment: 1)
      let source = GuardedBytes(flipped, alignment: 8)
      let differ = unsafe BaseSigns.differ(
        source.source, from: by.source, count: count, width: width, bitmap: bitmap.source, into: bits.bytes)
      #expect(differ == flips.contains(true))
      #expect(Array(bits.content.prefix((left + 7) / 8)) == packedBits(flips))
      unsafe BaseSigns.flip(target.bytes, by: bits.source, count: count, width: width, bitmap: bitmap.source)
      #expect(target.content == flipped)
      unsafe BaseSigns.clear(target.bytes, signsOf: nil, count: count, width: width, bitmap: bitmap.source)
      #expect(target.content == plain)
      #expect(target.isIntact && bits.isIntact)
    }
  }
}
