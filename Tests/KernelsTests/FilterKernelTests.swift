import Kernels
import MemoryModel
import Testing

/// What the filters of HDF5 do to elements.
@Suite struct FilterKernelTests {
  @Test(arguments: [1, 2, 3, 4, 5, 8, 16, 100])
  func shuffledBytesLieByPlane(_ elementBytes: Int) {
    var random = SeededRandom("shuffle of \(elementBytes) bytes")
    for byteCount in [0, 1, elementBytes, 2 * elementBytes + 1, 1000, 4099 * elementBytes + elementBytes - 1] {
      let content = random.bytes(byteCount)
      let elements = byteCount / elementBytes
      let planes = (0..<elementBytes).flatMap { plane in (0..<elements).map { content[$0 * elementBytes + plane] } }
      let source = GuardedBytes(content, alignment: 1)
      let shuffled = GuardedBytes(byteCount, alignment: 1)
      unsafe ByteShuffle.shuffle(
        source.source, byteCount: byteCount, elementBytes: elementBytes, into: shuffled.bytes)
      #expect(shuffled.content == planes + content[(elements * elementBytes)...], "\(byteCount) bytes")
      let back = GuardedBytes(byteCount, alignment: 1)
      unsafe ByteShuffle.unshuffle(shuffled.source, byteCount: byteCount, elementBytes: elementBytes, into: back.bytes)
      #expect(back.content == content, "\(byteCount) bytes")
      #expect(shuffled.isIntact && back.isIntact)
    }
  }

  @Test(arguments: [1, 2, 3, 4, 8])
  func bitPlanesBecomeElements(_ elementBytes: Int) {
    var random = SeededRandom("bit planes of \(elementBytes) bytes")
    for elements in [8, 16, 64, 1000] {
      let content = random.bytes(elements * elementBytes)
      var planes = [UInt8](repeating: 0, count: content.count)
      for element in 0..<elements {
        for bit in 0..<(8 * elementBytes) where content[element * elementBytes + bit / 8] >> UInt8(bit % 8) & 1 == 1 {
          planes[bit * elements / 8 + element / 8] |= 1 << UInt8(element % 8)
        }
      }
      let source = GuardedBytes(planes, alignment: 1)
      let between = GuardedBytes(content.count, alignment: 1)
      let target = GuardedBytes(content.count, alignment: 1)
      unsafe BitShuffle.unshuffle(
        source.source, elements: elements, elementBytes: elementBytes, planes: between.bytes, into: target.bytes)
      #expect(target.content == content, "\(elements) elements")
      #expect(between.isIntact && target.isIntact)
    }
  }

  /// Sums kept in numbers that nothing overflows, folded where the library folds.
  private func fletcher32(_ bytes: [UInt8]) -> UInt32 {
    func folded(_ sum: Int) -> Int { sum & 0xFFFF + sum >> 16 }
    var (sum, sums) = (0, 0)
    for (index, first) in stride(from: 0, to: bytes.count, by: 2).enumerated() {
      sum += Int(bytes[first]) << 8 | (first + 1 < bytes.count ? Int(bytes[first + 1]) : 0)
      sums += sum
      if index % 360 == 359 || first + 2 >= bytes.count { (sum, sums) = (folded(sum), folded(sums)) }
    }
    return UInt32(folded(sums)) << 16 | UInt32(folded(sum))
  }

  @Test func fletcher32FoldsAsTheLibraryDoes() {
    var random = SeededRandom("fletcher32")
    for count in [0, 1, 2, 3, 719, 720, 721, 722, 1440, 100_001] {
      for content in [random.bytes(count), [UInt8](repeating: 0xFF, count: count)] {
        let source = GuardedBytes(content, alignment: 1)
        let checksum = unsafe Fletcher32.checksum(source.source, byteCount: count)
        #expect(checksum == fletcher32(content), "\(count) bytes")
      }
    }
    // 0x0102, 0x0300: the second sum is 2 · 0x0102 + 0x0300.
    let three = GuardedBytes([1, 2, 3], alignment: 1)
    #expect(unsafe Fletcher32.checksum(three.source, byteCount: 3) == 0x0504_0402)
  }
}
