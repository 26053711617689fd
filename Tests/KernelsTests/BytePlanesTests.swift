import Kernels
import MemoryModel
import Testing

@Suite struct BytePlanesTests {
  @Test(arguments: 1...8)
  func planesHoldEveryStridethByte(_ stride: Int) {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for length in lengthsAroundVectors {
      let place: Comment = "seed \(seed), \(length) elements of \(stride) bytes"
      let content = (0..<(length * stride)).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let source = GuardedBytes(content, alignment: 1)
      let planes = GuardedBytes(content.count, alignment: 1)
      unsafe BytePlanes.split(source.source, elements: length, stride: stride, into: planes.bytes)
      let expected = (0..<stride).flatMap { plane in (0..<length).map { content[$0 * stride + plane] } }
      #expect(planes.content == expected, place)
      let joined = GuardedBytes(content.count, alignment: 1)
      for plane in 0..<stride {
        unsafe BytePlanes.join(
          planes.source + plane * length, number: plane, elements: length, stride: stride, into: joined.bytes)
      }
      #expect(joined.content == content, place)
      #expect(planes.isIntact, place)
      #expect(joined.isIntact, place)
    }
  }

  @Test(arguments: [1, 2, 4, 8])
  func rotatedPlanesBeginWithTheExponent(_ width: Int) {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for length in lengthsAroundVectors {
      let place: Comment = "seed \(seed), \(length) words of \(width) bytes"
      let source = sparseWords(length, width: width, zerosPerMille: 200, hasSign: true, using: &generator)
      for set in InstructionSet.available { check(source, width, on: set, "\(place), \(set.name)") }
    }
  }

  private func check(_ source: [UInt64], _ width: Int, on set: InstructionSet, _ place: Comment) {
    let length = source.count
    let memory = GuardedBytes(bytes(source, width: width))
    let planes = GuardedBytes(length * width, alignment: 1)
    unsafe BytePlanes.splitRotated(memory.start, elements: length, width: width, into: planes.bytes, on: set)
    let rotated = source.map { $0 << 1 | $0 >> UInt64(8 * width - 1) }
    let expected = (0..<width).flatMap { plane in
      rotated.map { UInt8(truncatingIfNeeded: $0 >> UInt64(8 * (width - 1 - plane))) }
    }
    #expect(planes.content == expected, place)
    let joined = GuardedBytes(length * width)
    let starts = unsafe (0..<width).map { unsafe planes.source + $0 * length }
    unsafe BytePlanes.joinRotated(starts, elements: length, width: width, into: joined.start, on: set)
    #expect(joined.content == memory.content, place)
    #expect(planes.isIntact, place)
    #expect(joined.isIntact, place)
  }

  @Test func theRotatedPlanesOfTwoFloats() {
    // 1.0 is 3F800000, −2.5 is C0200000.
    let memory = GuardedBytes(bytes([0x3F80_0000, 0xC020_0000], width: 4))
    let planes = GuardedBytes(8, alignment: 1)
    unsafe BytePlanes.splitRotated(memory.start, elements: 2, width: 4, into: planes.bytes)
    #expect(planes.content == [0x7F, 0x80, 0, 0x40, 0, 0, 0, 1])
  }
}
