import Kernels
import MemoryModel
import TensorModel
import Testing

@Suite struct NegativeZerosTests {
  /// Element by element, by what the layout says of its bits.
  private static func reference(_ bytes: [UInt8], _ dtype: DType) -> (bytes: [UInt8], count: Int) {
    guard NegativeZeros.exist(in: dtype) else { return (bytes, 0) }
    var width = dtype.elementBits
    if case .complex = dtype.values { width /= 2 }
    var (cleared, count) = (bytes, 0)
    for element in 0..<(bytes.count * 8 / width) {
      let places = (element * width)..<((element + 1) * width)
      let ones = places.filter { bytes[$0 / 8] >> UInt8($0 % 8) & 1 == 1 }
      guard ones == [places.upperBound - 1] else { continue }
      cleared[ones[0] / 8] &= ~(1 << UInt8(ones[0] % 8))
      count += 1
    }
    return (cleared, count)
  }

  @Test(arguments: DType.all)
  func onlyNegativeZerosChange(dtype: DType) {
    var random = SeededRandom("zeros of \(dtype.name)")
    for blocks in [0, 1, 2, 7, 64, 333] where NegativeZeros.exist(in: dtype) {
      for start in 0..<3 {
        // Zeros of either sign, their neighbours, and anything.
        let bytes = (0..<(start + blocks * dtype.blockBytes)).map { place in
          place % 5 == 0 ? random.edgeByte() : [0, 0, 0x80, 0x08, 0x82, 0x20][Int(random.next() % 6)]
        }
        let content = Array(bytes[start...])
        var target = [UInt8](repeating: 0xEE, count: content.count + 1)
        let count = unsafe target.withUnsafeMutableBytes { target in
          unsafe NegativeZeros.clear(bytes.span.bytes.extracting(start...), dtype, into: target.baseAddress!)
        }
        let expected = Self.reference(content, dtype)
        #expect(target.last == 0xEE)
        #expect(Array(target.dropLast()) == expected.bytes)
        #expect(count == expected.count)
      }
    }
  }

  @Test func typesWithoutANegativeZeroAreLeftAlone() {
    let without = DType.all.filter { !NegativeZeros.exist(in: $0) }.map(\.name)
    #expect(
      without == [
        "BOOL", "U8", "I8", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I16", "U16", "I32", "U32", "I64", "U64",
      ])
  }
}
