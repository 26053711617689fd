import MemoryModel
import Testing

@testable internal import Kernels

@Suite struct BitFieldsTests {
  @Test(arguments: [1, 2, 4])
  func aTileIsPackedByColumns(_ bits: Int) {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for length in lengthsAroundVectors.dropFirst() + [4095, 4096] {
      for shift in stride(from: 0, through: 8 - bits, by: 1) {
        let place: Comment = "seed \(seed), \(length) fields of \(bits) bits at bit \(shift)"
        let source = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let fields = source.map { $0 >> UInt8(shift) & (1 << UInt8(bits) - 1) }
        for set in InstructionSet.available { check(source, fields, bits: bits, shift: shift, on: set, place) }
      }
    }
  }

  private func check(
    _ source: [UInt8], _ fields: [UInt8], bits: Int, shift: Int, on set: InstructionSet, _ place: Comment
  ) {
    let place: Comment = "\(place), \(set.name)"
    let length = source.count
    let memory = GuardedBytes(source, alignment: 1)
    let packed = GuardedBytes(BitFields.byteCount(elements: length, bits: bits), alignment: 1)
    unsafe BitFields.packTile(memory.source, elements: length, shift: shift, bits: bits, into: packed.bytes, on: set)
    #expect(packed.content == packedTile(fields, bits: bits), place)

    // What lies in the other bits of the target stays.
    let mask = (UInt8(1) << UInt8(bits) - 1) << UInt8(shift)
    let target = GuardedBytes(source.map { ~$0 & ~mask }, alignment: 1)
    unsafe BitFields.unpackTile(packed.source, elements: length, shift: shift, bits: bits, into: target.bytes, on: set)
    #expect(target.content == source.map { ~$0 & ~mask | $0 & mask }, place)
    #expect(packed.isIntact, place)
    #expect(target.isIntact, place)
  }

  @Test(arguments: [
    (0, 4, 0), (1, 1, 1), (8, 1, 1), (9, 1, 2), (4095, 2, 1024), (4096, 2, 1024), (4097, 2, 1025), (8192, 4, 4096),
    (8193, 1, 1025),
  ])
  func tilesAreWholeButTheLast(elements: Int, bits: Int, byteCount: Int) {
    #expect(BitFields.byteCount(elements: elements, bits: bits) == byteCount)
  }
}

/// Fields of a tile as the specification says: byte j holds j, j + s, j + 2s, … from its low bits up.
func packedTile(_ fields: [UInt8], bits: Int) -> [UInt8] {
  let stride = (fields.count * bits + 7) / 8
  return (0..<stride).map { first in
    var byte: UInt8 = 0
    for (place, index) in Swift.stride(from: first, to: fields.count, by: stride).enumerated() {
      byte |= fields[index] << UInt8(place * bits)
    }
    return byte
  }
}
