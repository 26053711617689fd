import Kernels
import MemoryModel
import TensorModel
import Testing

/// The loops against `FloatLayout.convert`, on every instruction set.
@Suite struct FloatConversionTests {
  private static let dtypes = FloatConversion.dtypes

  static let pairs = dtypes.flatMap { from in dtypes.filter { $0 != from }.map { (from, $0) } }

  private static func layout(_ dtype: DType) -> FloatLayout {
    guard case .float(let layout) = dtype.values else { preconditionFailure() }
    return layout
  }

  /// Patterns of `dtype`: all of them where it is narrow, else those around every number of the target and around halfway
  /// to its neighbour, the specials, and random ones.
  private static func patterns(_ dtype: DType, near target: DType, _ random: inout SeededRandom) -> [UInt64] {
    let width = dtype.elementBits
    if width <= 16 { return Array(0..<(UInt64(1) << UInt64(width))) }
    var patterns: [UInt64] = []
    let narrow = target.elementBits <= 16 ? target : .bf16
    for number in 0..<(UInt64(1) << UInt64(narrow.elementBits)) {
      let bits = layout(narrow).convert(number, to: layout(dtype))
      let half: UInt64 = 1 << UInt64(layout(dtype).mantissaBits - layout(narrow).mantissaBits - 1)
      patterns += [bits, bits &+ 1, bits &- 1, bits &+ half, bits &+ half &+ 1, bits &+ half &- 1]
    }
    for _ in 0..<20_000 {
      patterns.append(random.next())
      // One bit alone at either end of the mantissa, with any exponent.
      patterns.append(random.next() & ~(1 << UInt64(layout(dtype).mantissaBits) - 2))
    }
    return patterns.map { width == 64 ? $0 : $0 & 0xFFFF_FFFF }
  }

  @Test(arguments: pairs)
  func everyPairRoundsOnce(from: DType, to: DType) throws {
    var random = SeededRandom("\(from.name) to \(to.name)")
    let patterns = Self.patterns(from, near: to, &random)
    let expected = patterns.map { Self.layout(from).convert($0, to: Self.layout(to)) }
    let lost = zip(patterns, expected).filter {
      !Self.layout(from).isSpecial($0) && Self.layout(to).isSpecial($1)
    }.count
    let source = GuardedBytes(bytes(patterns, width: from.blockBytes), alignment: 1)
    let conversion = try #require(FloatConversion(from: from, to: to))
    for set in InstructionSet.available {
      let target = GuardedBytes(patterns.count * to.blockBytes, alignment: 1)
      let count = unsafe conversion.convert(
        RawSpan(_unsafeStart: source.start, byteCount: source.count), into: target.start, on: set)
      let differing = zip(words(target.content, width: to.blockBytes), expected).enumerated().first { $1.0 != $1.1 }
      if let (index, (found, wanted)) = differing {
        let bits = String(patterns[index], radix: 16)
        Issue.record("\(set.name): \(bits) became \(String(found, radix: 16)), expected \(String(wanted, radix: 16))")
      }
      #expect(count == lost, "\(set.name)")
      #expect(target.isIntact, "\(set.name)")
    }
  }

  @Test(arguments: [(DType.f32, DType.bf16), (.f32, .f16), (.bf16, .f32), (.f16, .f32), (.f16, .bf16), (.f64, .f8e4m3)])
  func everyLengthAroundAVector(from: DType, to: DType) throws {
    var random = SeededRandom("\(from.name) to \(to.name)")
    let conversion = try #require(FloatConversion(from: from, to: to))
    for length in lengthsAroundVectors {
      let source = GuardedBytes(random.bytes(length * from.blockBytes), alignment: 1)
      let expected = words(source.content, width: from.blockBytes).map {
        Self.layout(from).convert($0, to: Self.layout(to))
      }
      for set in InstructionSet.available {
        let target = GuardedBytes(length * to.blockBytes, alignment: 1)
        let span = unsafe RawSpan(_unsafeStart: source.start, byteCount: source.count)
        _ = unsafe conversion.convert(span, into: target.start, on: set)
        #expect(words(target.content, width: to.blockBytes) == expected, "\(length) on \(set.name)")
        #expect(target.isIntact, "\(length) on \(set.name)")
      }
    }
  }

  /// The definition itself, against what IEEE 754 and OCP's formats say.
  @Test(
    arguments: [
      (0x3F80_8000, DType.bf16, 0x3F80), (0x3F81_8000, .bf16, 0x3F82), (0x7F7F_FFFF, .bf16, 0x7F80),
      (0x7F80_0001, .bf16, 0x7FC0), (0xFFA5_0000, .bf16, 0xFFE5), (0x8000_0001, .bf16, 0x8000),
      (0x477F_EFFF, .f16, 0x7BFF), (0x477F_F000, .f16, 0x7C00), (0x3300_0000, .f16, 0), (0x3300_0001, .f16, 1),
      (0x43E0_0000, .f8e4m3, 0x7E), (0x43E8_0000, .f8e4m3, 0x7E), (0x43E8_0001, .f8e4m3, 0x7F),
      (0xFF80_0000, .f8e4m3, 0xFF), (0x4770_0000, .f8e5m2, 0x7C), (0x476F_FFFF, .f8e5m2, 0x7B),
      (0x8000_0000, .f8e4m3fnuz, 0), (0x8000_0001, .f8e5m2fnuz, 0), (0x7F80_0000, .f8e5m2fnuz, 0x80),
      (0x4370_0000, .f8e4m3fnuz, 0x7F), (0x4378_0000, .f8e4m3fnuz, 0x80),
    ] as [(UInt64, DType, UInt64)])
  func definitionRoundsAsTheFormatsSay(single: UInt64, target: DType, expected: UInt64) {
    #expect(FloatLayout.f32.convert(single, to: Self.layout(target)) == expected)
  }
}
