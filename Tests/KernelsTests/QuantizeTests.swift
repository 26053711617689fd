import Kernels
import MemoryModel
import TensorModel
import Testing

/// The loops against their definitions, a number at a time.
@Suite struct QuantizeTests {
  /// Random bits, numbers half-way between levels, both zeros, and every length around eight.
  private func numbers(_ count: Int, _ random: inout SeededRandom) -> [Float] {
    (0..<count).map { _ in
      switch random.next() % 4 {
      case 0: Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      case 1: Float(Int(random.next() % 65) - 32) / 8
      case 2: random.next() % 2 == 0 ? 0 : -0.0
      default: Float(Int(random.next() % 2_000_001) - 1_000_000) / 150_000
      }
    }
  }

  @Test(arguments: [Float(1), 0.3, 0x1.8p-129, 1e37])
  func integersAreTheNearestMultiplesTiesToEven(_ scale: Float) {
    var random = SeededRandom("integers \(scale)")
    let before = numbers(501, &random)
    var after = before
    Quantize.toIntegers(&after, 1..<500, scale: scale, low: -3, high: 7, limit: 65504)
    for index in 1..<500 where before[index].isFinite {
      let level = min(max((before[index] / scale).rounded(.toNearestOrEven), -3), 7)
      #expect(after[index] == min(max(level * scale, -65504), 65504), "\(before[index])")
    }
    #expect(after[0].bitPattern == before[0].bitPattern && after[500].bitPattern == before[500].bitPattern)
  }

  @Test(arguments: [(NarrowFloat.e2m1, FloatLayout.e2m1), (.e4m3, .e4m3)])
  func narrowFloatsAreRoundedAsTheirLayoutSays(_ levels: NarrowFloat, _ layout: FloatLayout) {
    var random = SeededRandom("floats \(layout)")
    let before = numbers(5000, &random).map { $0 * (layout == .e4m3 ? 80 : 1) }
    for scale in [Float(1), 0.25] {
      var after = before
      Quantize.toFloats(&after, 0..<before.count, scale: scale, levels: levels, limit: .greatestFiniteMagnitude)
      for (number, result) in zip(before, after) where number.isFinite {
        let kept = min(max(number / scale, -levels.largest), levels.largest)
        let level = layout.single(ofBits: FloatLayout.f32.convert(UInt64(kept.bitPattern), to: layout))
        #expect(result == level * scale, "\(number)")
      }
    }
  }

  @Test(arguments: [1, 2, 3, 7, 16, 255, 256])
  func levelsAreTheNearestOfTheBook(_ count: Int) {
    var random = SeededRandom("book \(count)")
    let levels = Set((0..<count).map { _ in Float(Int(random.next() % 20001) - 10000) / 1000 }).sorted()
    let before = numbers(2000, &random)
    var after = before
    Quantize.toLevels(&after, 0..<before.count, scale: 0.5, book: LevelBook(levels), limit: .greatestFiniteMagnitude)
    for (number, result) in zip(before, after) where number.isFinite {
      let level = Double(number / 0.5)
      let least = levels.map { abs(Double($0) - level) }.min()!
      // The middle between two levels is a number in f32.
      #expect(abs(Double(result / 0.5) - level) <= least + 1e-6, "\(number)")
    }
  }

  @Test func rangesLeaveOutWhatIsNotFinite() {
    var random = SeededRandom("ranges")
    for count in [0, 1, 7, 8, 9, 1003] {
      let values = numbers(count + 2, &random)
      var range = NumberRange()
      range.add(values, 1..<count + 1)
      let finite = values[1..<count + 1].filter(\.isFinite)
      #expect(range.low == min(0, finite.min() ?? 0) && range.high == max(0, finite.max() ?? 0))
      #expect(range.count == finite.count)
      let sum = finite.reduce(0) { $0 + Double($1.magnitude) }
      #expect(abs(range.magnitudes - sum) <= 1e-12 * sum)
    }
  }

  @Test(arguments: [DType.f32, .f16, .bf16])
  func specialElementsKeepTheirBitsAndZerosLoseTheirSign(_ dtype: DType) throws {
    let numbers = try #require(QuantizedNumbers(dtype))
    guard case .float(let layout) = dtype.values else { return }
    let infinity = UInt64((1 << layout.exponentBits - 1) << layout.mantissaBits)
    let sign = UInt64(1) << UInt64(layout.width - 1)
    // Infinities, NaNs quiet and not, −0, and a number.
    let words = [infinity, sign | infinity, infinity | 1, sign | infinity | 1, infinity | infinity >> 1, sign, 1]
    let source = words.flatMap { word in (0..<dtype.blockBytes).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    var loaded = [Float](repeating: 7, count: words.count)
    unsafe numbers.load(source.span.bytes, into: &loaded)
    #expect(loaded[0] == .infinity && loaded[2].isNaN && loaded[5] == 0)
    var output = [UInt8](repeating: 0xEE, count: source.count)
    unsafe numbers.store([1, 1, 1, 1, 1, -0.0, 2], over: source.span.bytes, into: &output)
    #expect(output[..<(5 * dtype.blockBytes)] == source[..<(5 * dtype.blockBytes)])
    #expect(output[(5 * dtype.blockBytes)..<(6 * dtype.blockBytes)].allSatisfy { $0 == 0 })
    #expect(output.last == 0x40)
  }

  @Test func binsHoldWhatSharesItsLeadingBitsAscending() {
    var histogram = NumberHistogram()
    let ulp = Float(1).ulp
    histogram.add([1, -2, 0, 1 + ulp, .nan, -.infinity, 3, -2, 9], count: 8)
    #expect(histogram.hasZeros)
    #expect(histogram.bins.map(\.count) == [2, 2, 1])
    #expect(histogram.bins.map(\.mean) == [-2, 1 + Double(ulp) / 2, 3])
  }
}
