import Kernels
import TensorModel
import Testing

@Suite struct ValueSampleTests {
  @Test func smallTensorsAreTakenWholeAndLargeOnesByTheSixtyFourth() {
    #expect(ValueSample(elementCount: 0) == .all && ValueSample(elementCount: 131_071) == .all)
    #expect(ValueSample(elementCount: 131_072).period == 2)
    #expect(ValueSample(elementCount: 4_194_303).period == 32)
    #expect(ValueSample(elementCount: .max).period == 64)
  }

  @Test(arguments: [DType.f32, .f64, .i32, .u64])
  func anyWayOfCuttingTakesTheSameElements(_ dtype: DType) {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let elements = 300_000
    let bytes = (0..<elements * dtype.blockBytes).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    let whole = Counted(bytes, dtype, cuts: [])
    // Each element is as likely as any other; lines are whole.
    #expect(whole.count >= 75_000 - 16 && whole.count <= 75_000 + 16, "seed \(seed)")
    for pieces in [2, 7, 60] {
      let cuts = (1..<pieces).map { _ in Int.random(in: 0...elements, using: &generator) }.sorted()
      #expect(Counted(bytes, dtype, cuts: cuts) == whole, "seed \(seed), cut at \(cuts)")
    }
  }

  /// What a sample of a tensor's pieces counts.
  private struct Counted: Equatable {
    var count = 0
    var patterns: [UInt32: Int] = [:]
    var bytes: [[Int]] = []

    init(_ bytes: [UInt8], _ dtype: DType, cuts: [Int]) {
      let elements = bytes.count / dtype.blockBytes
      let scanner = ValueScanner()
      for (start, end) in zip([0] + cuts, cuts + [elements]) {
        let piece = start * dtype.blockBytes..<end * dtype.blockBytes
        let found = unsafe scanner.scan(
          bytes.span.bytes.extracting(piece), dtype: dtype, firstElement: start,
          sample: ValueSample(elementCount: elements), below: nil)
        count += found.countedElements
        for entry in found.patterns { patterns[entry.pattern, default: 0] += entry.count }
        guard !found.bytes.isEmpty else { continue }
        self.bytes = self.bytes.isEmpty ? found.bytes : zip(self.bytes, found.bytes).map { zip($0, $1).map(+) }
      }
    }
  }
}
