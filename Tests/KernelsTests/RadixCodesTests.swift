import Kernels
import MemoryModel
import Testing

@Suite struct RadixCodesTests {
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 15, 16, 17, 255, 256])
  func codesOfEveryLengthComeBack(levels: Int) {
    var random = SeededRandom("codes of \(levels) levels")
    let radix = RadixCodes(levels: levels)
    for count in [1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1000] {
      let codes = (0..<count).map { _ in UInt8.random(in: 0...UInt8(levels - 1), using: &random) }
      var packed = [UInt8](repeating: 0xAA, count: radix.byteCount(count) + 1)
      unsafe radix.pack(codes, count: count, into: &packed)
      #expect(packed.last == 0xAA, "nothing is written past the end")
      var unpacked = [UInt8](repeating: 0xAA, count: count + 8)
      #expect(unsafe radix.unpack(packed, count: count, into: &unpacked))
      #expect(Array(unpacked.prefix(count)) == codes)
    }
  }

  @Test func theBytesAreThoseOfTheSpecification() {
    var packed: [UInt8] = [0, 0]
    unsafe RadixCodes(levels: 3).pack([2, 0, 1, 2, 1, 1], count: 6, into: &packed)
    // 2 + 0 × 3 + 1 × 9 + 2 × 27 + 1 × 81
    #expect(packed == [146, 1] as [UInt8])
    unsafe RadixCodes(levels: 9).pack([8, 3, 5], count: 3, into: &packed)
    #expect(packed == [0x38, 0x05] as [UInt8])
  }

  @Test(arguments: [2, 3, 5, 6, 7, 200]) func codesBeyondTheLevelsAreRefused(levels: Int) {
    let radix = RadixCodes(levels: levels)
    var codes = [UInt8](repeating: 0, count: 24)
    let count = max(1, radix.perByte)
    // Of two levels every bit is a code.
    #expect(unsafe radix.unpack([0xFF], count: count, into: &codes) == (levels == 2))
  }
}
