import Kernels
import TensorModel
import Testing

@Suite struct WordSketchTests {
  /// Words of 32 or 64 bits of which there are `distinct` different ones.
  private func words(_ count: Int, distinct: Int, width: Int, _ generator: inout SeededGenerator) -> [[UInt8]] {
    let all = (0..<distinct).map { _ in (0..<width).map { _ in UInt8.random(in: 0...255, using: &generator) } }
    return (0..<count).map { $0 < distinct ? all[$0] : all.randomElement(using: &generator)! }
  }

  private func sketch(_ words: [[UInt8]], _ collector: WordCollector, below limit: UInt64? = nil) -> WordSketch {
    let bytes = Array(words.joined())
    return unsafe bytes.withUnsafeBytes {
      unsafe collector.sketch($0, width: words.first?.count ?? 4, below: limit)
    }
  }

  @Test(arguments: InstructionSet.available.map(\.name), [4, 8])
  func upToItsCapacityEverythingIsExact(_ set: String, _ width: Int) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let collector = WordCollector(on: try #require(InstructionSet.available.first { $0.name == set }))
    for (count, distinct) in [(0, 0), (1, 1), (3, 2), (5000, 7), (9000, 1000), (1024, 1024), (9000, 1024)] {
      let words = words(count, distinct: distinct, width: width, &generator)
      let sketch = sketch(words, collector)
      let counts = Dictionary(words.map { ($0, 1) }, uniquingKeysWith: +)
      #expect(sketch.isExact && sketch.distinct == counts.count, "seed \(seed)")
      #expect(sketch.exactCounts?.sorted() == counts.values.sorted(), "seed \(seed)")
    }
  }

  @Test(arguments: [4, 8])
  func beyondItTheEstimateIsWithinItsError(_ width: Int) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for (count, distinct) in [(1025, 1025), (5000, 2000), (30_000, 30_000)] {
      let words = words(count, distinct: distinct, width: width, &generator)
      let sketch = sketch(words, WordCollector())
      let truth = Double(Set(words).count)
      #expect(!sketch.isExact && sketch.exactCounts == nil, "seed \(seed)")
      #expect(abs(Double(sketch.distinct) - truth) < 7 * WordSketch.relativeError * truth, "seed \(seed)")
    }
  }

  /// However the words are cut, ordered, and whatever limit a chunk is told, on every instruction set.
  @Test(arguments: [4, 8])
  func anyWayOfCuttingGivesTheSameSketch(_ width: Int) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for (count, distinct) in [(3000, 600), (3000, 2500), (40_000, 1500), (20_000, 18_000)] {
      let words = words(count, distinct: distinct, width: width, &generator)
      let whole = sketch(words, WordCollector(on: .portable))
      for set in InstructionSet.available {
        let collector = WordCollector(on: set)
        var merged = WordSketch()
        var rest = words.shuffled(using: &generator)[...]
        while !rest.isEmpty {
          let chunk = rest.prefix(Int.random(in: 1...9000, using: &generator))
          merged.merge(sketch(Array(chunk), collector, below: Bool.random(using: &generator) ? merged.limit : nil))
          rest = rest.dropFirst(chunk.count)
        }
        #expect(merged == whole, "seed \(seed), \(set.name), \(count) words")
      }
    }
  }

  @Test(arguments: [4, 8])
  func aSetHoldsTheWordsOfItsRanges(_ width: Int) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let words = words(20_000, distinct: 7000, width: width, &generator)
    let bytes = Array(words.joined())
    let all = WordSet(words: 7000)
    let fits = unsafe all.insert(bytes.span.bytes, width: width, in: 0...UInt64.max)
    #expect(fits && all.count == Set(words).count, "seed \(seed)")
    let part = WordSet(words: 3000)
    let overflows = unsafe !part.insert(bytes.span.bytes, width: width, in: 0...UInt64.max)
    #expect(overflows, "seed \(seed)")
    var sum = 0
    for quarter in 0..<UInt64(4) {
      part.removeAll()
      let range = quarter << 62...(quarter << 62 | UInt64.max >> 2)
      let fits = unsafe part.insert(bytes.span.bytes, width: width, in: range)
      #expect(fits)
      sum += part.count
    }
    #expect(sum == Set(words).count, "seed \(seed)")
  }
}
