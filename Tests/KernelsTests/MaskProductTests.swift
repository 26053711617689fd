import Kernels
import MemoryModel
import TensorModel
import Testing

@Suite struct MaskProductTests {
  /// Edges of every kind of number: zeros, subnormals, normals, infinities, NaNs of both signs.
  private func weights(_ dtype: DType, _ random: inout SeededRandom) -> [UInt64] {
    let width = dtype.blockBytes
    guard case .float(let layout) = dtype.values else { return [] }
    let mantissaBits = UInt64(8 * width - 1 - layout.exponentBits)
    let top: UInt64 = 1 << UInt64(8 * width - 1)
    let exponents = (1 as UInt64) << UInt64(layout.exponentBits) - 1
    let infinity = exponents << mantissaBits
    let edges: [UInt64] = [0, 1, infinity - 1, infinity, infinity + 1, top - 1, infinity >> 1 & infinity]
    let others = (0..<100).map { _ in random.next() & (top | (top - 1)) }
    return edges + edges.map { $0 | top } + others
  }

  /// The product as the processor makes it; a quiet NaN with a clear sign where it is one, and the weight where it is kept.
  private func product(_ word: UInt64, _ isKept: Bool, _ dtype: DType) -> UInt64 {
    guard !isKept else { return word }
    switch dtype {
    case .f64:
      let value = Double(bitPattern: word) * 0
      return value.isNaN ? Double.nan.bitPattern : value.bitPattern
    case .f32, .bf16:
      let shift: UInt64 = dtype == .bf16 ? 16 : 0
      let value = Float(bitPattern: UInt32(word << shift)) * 0
      return UInt64(value.isNaN ? Float.nan.bitPattern : value.bitPattern) >> shift
    default:
      let value = Float16(bitPattern: UInt16(word)) * 0
      return UInt64(value.isNaN ? Float16.nan.bitPattern : value.bitPattern)
    }
  }

  @Test(arguments: [DType.f16, .bf16, .f32, .f64], [false, true])
  func productIsThatOfTheProcessor(dtype: DType, hasByteMask: Bool) throws {
    var random = SeededRandom("mask product")
    let mask: DType = hasByteMask ? .bool : dtype
    let product = try #require(MaskProduct(of: dtype, mask: mask))
    let one: UInt64 = [DType.f16: 0x3C00, .bf16: 0x3F80, .f32: 0x3F80_0000, .f64: 0x3FF0_0000_0000_0000][mask] ?? 1
    let weights = weights(dtype, &random)
    for isKept in [[true], [false], [true, false, false]] {
      let kept = weights.indices.map { isKept[$0 % isKept.count] }
      let target = GuardedBytes(bytes(weights, width: dtype.blockBytes), alignment: 8)
      // At an odd address.
      let flags = [0xFF] + bytes(kept.map { $0 ? one : 0 }, width: mask.blockBytes)
      let span = unsafe flags.span.bytes.extracting(1..<flags.count)
      let isMask = product.isMask(span)
      #expect(isMask)
      unsafe product.multiply(target.start, by: span)
      let expected = zip(weights, kept).map { self.product($0, $1, dtype) }
      #expect(words(target.content, width: dtype.blockBytes) == expected)
      #expect(target.isIntact)
    }
  }

  @Test(arguments: [DType.f16, .bf16, .f32, .f64, .u8, .bool]) func whatIsNeitherZeroNorOneIsNoMask(mask: DType) throws
  {
    let product = try #require(MaskProduct(of: mask.blockBytes == 1 ? .f32 : mask, mask: mask))
    let width = mask.blockBytes
    for place in 0..<8 * width {
      var flags = [UInt8](repeating: 0, count: 5 * width)
      flags[3 * width + place / 8] = 1 << UInt8(place % 8)
      let isOne = width == 1 && place == 0
      let isMask = unsafe product.isMask(flags.span.bytes)
      #expect(isMask == isOne, "bit \(place)")
    }
  }

  @Test func otherTypesAreNotPruned() {
    #expect(MaskProduct(of: .i32, mask: .i32) == nil)
    #expect(MaskProduct(of: .f32, mask: .f16) == nil)
    #expect(MaskProduct(of: .f8e4m3, mask: .bool) == nil)
    #expect(MaskProduct(of: .f32, mask: .i8) == nil)
  }
}
