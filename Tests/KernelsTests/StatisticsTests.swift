import Kernels
import TensorModel
import Testing

@Suite struct StatisticsTests {
  @Test(arguments: DType.all, ElementMix.allCases)
  func everyLengthAndAlignmentAgreesWithTheReference(_ dtype: DType, _ mix: ElementMix) {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for blocks in Array(0...67) + [2047, 4099] {
      let bytes = randomBlocks(blocks, dtype, mix, using: &generator)
      let statistics = statistics(bytes, dtype, shift: blocks % 9)
      expect(
        statistics, agreesWith: StatisticsReference(bytes, dtype), dtype,
        "seed \(seed), \(dtype.name), \(mix), \(blocks) blocks")
    }
  }

  @Test(arguments: DType.all)
  func everyWayOfCuttingGivesTheSameCountsAndExtremes(_ dtype: DType) {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for mix in ElementMix.allCases {
      let bytes = randomBlocks(2500, dtype, mix, using: &generator)
      let reference = StatisticsReference(bytes, dtype)
      let whole = statistics(bytes, dtype)
      for _ in 0..<10 {
        var merged = statistics([], dtype)
        var start = 0
        while start < bytes.count {
          let end = min(bytes.count, start + Int.random(in: 0...1000, using: &generator) * dtype.blockBytes)
          merged.merge(statistics(Array(bytes[start..<end]), dtype))
          start = end
        }
        expect(merged, agreesWith: reference, dtype, "seed \(seed), \(mix), merged")
        #expect(merged.withoutMoments == whole.withoutMoments, "seed \(seed), \(mix)")
      }
    }
  }

  @Test(arguments: DType.all)
  func aRepeatedBlockCountsAsItsBytesDoToTheLastBit(_ dtype: DType) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for mix in ElementMix.allCases {
      for count in [0, 1, 2, 17, 2048, 5001] {
        let block = randomBlocks(1, dtype, mix, using: &generator)
        let bytes = (0..<count).flatMap { _ in block }
        let repeated = try #require(ValueStatistics(repeating: block, count: count, dtype: dtype))
        #expect(repeated == statistics(bytes, dtype), "seed \(seed), \(mix), \(count) blocks")
      }
    }
  }

  @Test(arguments: InstructionSet.available.map(\.name), ElementMix.allCases)
  func everyInstructionSetGivesTheSameBits(_ name: String, _ mix: ElementMix) throws {
    let set = try #require(InstructionSet.available.first { $0.name == name })
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for dtype in [DType.f32, .i32, .c64, .bf16, .f16, .i16] {
      for elements in Array(0...67) + [2047, 2048, 4099, 40_000] {
        let bytes = randomBlocks(elements, dtype, mix, using: &generator)
        #expect(
          statistics(bytes, dtype, shift: elements % 5, on: set)
            == statistics(bytes, dtype, on: .portable), "seed \(seed), \(dtype.name), \(elements) elements")
      }
    }
  }

  @Test func integersKeepAll64Bits() throws {
    let signed = statistics(littleEndian([Int64.max, Int64.min, Int64.max - 1]), .i64)
    #expect(signed.extremes == .signed(minimum: .min, maximum: .max))
    let unsigned = statistics(littleEndian([UInt64.max, UInt64.max - 1]), .u64)
    #expect(unsigned.extremes == .unsigned(minimum: .max - 1, maximum: .max))
  }

  @Test func aMeanFarFromZeroCostsNoPrecision() throws {
    // One huge first value, then values that vary in their last bits.
    let values = (0..<100_000).map { Float(16_000_000 + $0 % 3) }
    let moments = try #require(statistics(littleEndian(values.map(\.bitPattern)), .f32).moments)
    #expect(abs(moments.mean - 16_000_000.99999) < 1e-8)
    let deviation = (1.66665 - 0.99999 * 0.99999).squareRoot()
    #expect(abs(moments.standardDeviation! - deviation) < 1e-8)
    let outlier = statistics(littleEndian([Float(1e15).bitPattern]), .f32)
    var merged = outlier
    merged.merge(statistics(littleEndian(values.map(\.bitPattern)), .f32))
    #expect(merged.moments?.count == 100_001)
  }

  @Test func momentsOfTheLargestAndSmallestDoublesAreFinite() throws {
    let (huge, tiny) = (Double.greatestFiniteMagnitude, Double.leastNonzeroMagnitude)
    func moments(_ values: [Double]) throws -> Moments {
      try #require(statistics(littleEndian(values.map(\.bitPattern)), .f64).moments)
    }
    let far = try moments([huge, -huge])
    #expect(far.mean == 0 && far.standardDeviation == huge)
    let near = try moments([huge, huge.nextDown, huge])
    #expect(abs(near.mean - huge) <= 1e-15 * huge && near.standardDeviation! < 1e-15 * huge)
    let small = try moments([0x1p-600, -0x1p-600])
    #expect(small.mean == 0 && small.standardDeviation == 0x1p-600)
    let least = try moments([tiny, -tiny, 0])
    #expect(least.mean == 0 && least.standardDeviation == tiny)
    var all = try moments([0, 0])
    for part in [small, far, near] { all.merge(part) }
    #expect(all.count == 9 && abs(all.mean - huge / 3) <= 1e-15 * huge)
    let squares = (2 + 3) - 9.0 / 9
    #expect(abs(all.standardDeviation! - huge * (squares / 9).squareRoot()) <= 1e-15 * huge)
  }

  @Test func opaqueElementsHaveNoStatistics() {
    let dtype = DType(name: "X", blockElements: 1, blockBytes: 3, values: .opaque)
    let bytes: [UInt8] = [1, 2, 3]
    let found = unsafe ValueStatistics(of: bytes.span.bytes, dtype: dtype)
    #expect(found == nil)
  }

  @Test func theExtremesOfZerosHaveNoSign() {
    let zeros = statistics(littleEndian([UInt32(0x8000_0000), 0x8000_0000]), .f32)
    guard case .floating(let minimum, let maximum)? = zeros.extremes else {
      Issue.record("no extremes")
      return
    }
    #expect(minimum.sign == .plus && maximum.sign == .plus)
    #expect(zeros.moments?.mean.sign == .plus)
    #expect(zeros.uniformity == .bits(0x8000_0000))
  }

  private func expect(
    _ found: ValueStatistics, agreesWith reference: StatisticsReference, _ dtype: DType, _ place: Comment
  ) {
    #expect(found.elementCount == reference.patterns.count, place)
    #expect(found.zeros == reference.zeros, place)
    #expect(found.negativeZeros == reference.negativeZeros, place)
    #expect(found.nans == reference.nans, place)
    #expect(found.infinities == reference.infinities, place)
    #expect(found.subnormals == reference.subnormals, place)
    let distinct = Set(reference.patterns)
    #expect(
      found.uniformity == (distinct.isEmpty ? .nothingYet : distinct.count > 1 ? .mixed : .bits(distinct.first!)), place
    )
    if case .complex = dtype.values {
      #expect(found.extremes == nil && found.moments == nil, place)
      return
    }
    #expect(found.extremes?.asDoubles.minimum == reference.finite.min(), place)
    #expect(found.extremes?.asDoubles.maximum == reference.finite.max(), place)
    #expect(found.moments?.count == reference.finite.count, place)
    guard let (mean, deviation) = reference.moments else { return }
    let tolerance = max(1e-12 * (reference.finite.map(\.magnitude).max() ?? 0), .leastNonzeroMagnitude)
    #expect(abs(found.moments!.mean - mean) <= tolerance, place)
    #expect(abs(found.moments!.standardDeviation! - deviation) <= tolerance, place)
  }
}

/// The statistics of `bytes`, read from `shift` bytes behind an allocation's start.
private func statistics(
  _ bytes: [UInt8], _ dtype: DType, shift: Int = 0, on set: InstructionSet = .best
) -> ValueStatistics {
  let padded = [UInt8](repeating: 0xAA, count: shift) + bytes
  let found = unsafe ValueStatistics(of: padded.span.bytes.extracting(droppingFirst: shift), dtype: dtype, on: set)
  guard let found else { preconditionFailure("\(dtype.name) has no statistics") }
  return found
}

private func littleEndian<Word: FixedWidthInteger>(_ words: [Word]) -> [UInt8] {
  words.flatMap { word in
    (0..<Word.bitWidth / 8).map { UInt8(truncatingIfNeeded: word >> Word(8 * $0)) }
  }
}

extension ValueStatistics {
  fileprivate var withoutMoments: ValueStatistics {
    var copy = self
    copy.moments = nil
    return copy
  }
}
