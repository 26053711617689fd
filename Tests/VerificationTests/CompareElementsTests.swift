import Kernels
import MemoryModel
import TensorModel
import Testing

/// The kernel against a reference that decodes every element.
@Suite struct CompareElementsTests {
  @Test(arguments: DType.all) func countsAgreeWithDecodingEachElement(dtype: DType) {
    var random = SeededRandom("\(dtype.name)")
    for blocks in [1, 2, 3, 31, 300, 5000] {
      let bytes = blocks * dtype.blockBytes
      let a = random.bytes(bytes + 3)
      for changed in [0, 1, 7, bytes] {
        var b = a
        for _ in 0..<changed { b[3 + Int.random(in: 0..<bytes, using: &random)] = random.edgeByte() }
        // Any alignment, the same or not on both sides.
        let shifted = [0] + b.dropFirst(3)
        let (spanA, spanB) = unsafe (a.span.bytes, shifted.span.bytes)
        let left = spanA.extracting(3..<a.count)
        let right = spanB.extracting(1..<shifted.count)
        #expect(CompareElements.differences(left, right, dtype) == reference(left, right, dtype))
      }
    }
  }

  @Test(arguments: DType.all) func everyPairOfEdgePatternsIsJudgedAsItsNumbers(dtype: DType) {
    let patterns = edgePatterns(dtype)
    for left in patterns {
      for right in patterns {
        let (a, b) = (block(of: left, dtype), block(of: right, dtype))
        let found = unsafe CompareElements.differences(a.span.bytes, b.span.bytes, dtype)
        #expect(found == (unsafe reference(a.span.bytes, b.span.bytes, dtype)), "\(left) against \(right)")
      }
    }
  }

  @Test func theSignOfZeroAndTheKindOfNaNAreBitsButNotValues() {
    let a: [Float] = [0, 1, .nan, .infinity, -0.0]
    let b: [Float] = [-0.0, 1, Float(bitPattern: 0xFFC0_0001), .infinity, 1]
    let found = unsafe CompareElements.differences(a.span.bytes, b.span.bytes, .f32)
    #expect(found.bits == 3 && found.firstBits == 0)
    #expect(found.values == 1 && found.firstValue == 4)
  }

  @Test func aDifferenceInEitherPartOfAComplexNumberCountsOnce() {
    let a: [Float] = [1, 2, 3, 4, 0, 0]
    let b: [Float] = [1, 5, 6, 7, -0.0, 0]
    let found = unsafe CompareElements.differences(a.span.bytes, b.span.bytes, .c64)
    #expect(found.bits == 3 && found.values == 2 && found.firstValue == 0)
  }

  @Test func bytesWithoutAMeaningAreCountedByBlock() {
    let opaque = DType(name: "X", blockElements: 32, blockBytes: 18, values: .opaque)
    let a = [UInt8](repeating: 0, count: 54)
    var b = a
    b[20] = 1
    b[22] = 1
    let found = unsafe CompareElements.differences(a.span.bytes, b.span.bytes, opaque)
    #expect(found.bits == 32 && found.firstBits == 32)
  }

  private func reference(_ a: RawSpan, _ b: RawSpan, _ dtype: DType) -> ElementDifferences {
    var result = ElementDifferences()
    for index in 0..<(a.byteCount / dtype.blockBytes * dtype.blockElements) {
      guard ElementDecoding.bits(of: index, in: a, dtype) != ElementDecoding.bits(of: index, in: b, dtype) else {
        continue
      }
      result.bits += 1
      if result.firstBits == nil { result.firstBits = index }
      let (left, right) = (
        ElementDecoding.value(of: index, in: a, dtype), ElementDecoding.value(of: index, in: b, dtype)
      )
      guard !sameNumber(left, right) else { continue }
      result.values += 1
      if result.firstValue == nil { result.firstValue = index }
    }
    return result
  }

  private func sameNumber(_ a: ElementValue, _ b: ElementValue) -> Bool {
    func same<Value: BinaryFloatingPoint>(_ a: Value, _ b: Value) -> Bool { a == b || a.isNaN && b.isNaN }
    switch (a, b) {
    case (.half(let a), .half(let b)): return same(a, b)
    case (.single(let a), .single(let b)): return same(a, b)
    case (.double(let a), .double(let b)): return same(a, b)
    case (.complex(let aReal, let aImaginary), .complex(let bReal, let bImaginary)):
      return same(aReal, bReal) && same(aImaginary, bImaginary)
    default: return false
    }
  }

  /// ±0, the smallest, the largest finite, infinity, NaNs: the patterns around each power of two, and all ones.
  private func edgePatterns(_ dtype: DType) -> [UInt64] {
    let ones = UInt64.max >> UInt64(64 - dtype.elementBits)
    if dtype.elementBits <= 6 { return Array(0...ones) }
    let powers = (0..<UInt64(dtype.elementBits)).map { UInt64(1) << $0 }
    let runs = powers.map { ones - ($0 - 1) }
    let edges = powers + runs + powers.map { $0 - 1 } + runs.map { $0 & (ones >> 1) }
    return Array(Set(edges + (edges.map { ($0 &+ 1) & ones }) + [0, ones])).sorted()
  }

  private func block(of pattern: UInt64, _ dtype: DType) -> [UInt8] {
    var word: UInt64 = 0
    for element in 0..<dtype.blockElements { word |= pattern << UInt64(element * dtype.elementBits) }
    return (0..<dtype.blockBytes).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
  }
}
