import Kernels
import MemoryModel
import Testing

@Suite struct FusedTests {
  /// Every legal width with every legal exponent and every number of rank bits.
  static let layouts: [FusedLayout] = [1, 2, 4, 8].flatMap { width in
    (2...11).flatMap { exponent in
      (1...5).compactMap { rank in
        FusedLayout.isLegal(width: width, exponentBits: exponent, rankBits: rank)
          ? FusedLayout(width: width, exponentBits: exponent, rankBits: rank) : nil
      }
    }
  }

  @Test func everyLayoutAgreesWithThePlainLoop() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for layout in Self.layouts {
      for length in [1, 7, 8, 9, 16, 33, 65] { check(length, layout, seed, &generator) }
    }
  }

  @Test(arguments: [(1, 4), (1, 5), (2, 5), (2, 8), (4, 8), (8, 11)])
  func everyLengthAgreesWithThePlainLoop(_ width: Int, _ exponentBits: Int) {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for length in lengthsAroundVectors + lengthsAroundTiles {
      let rankBits = Int.random(in: 2...min(5, exponentBits), using: &generator)
      check(length, FusedLayout(width: width, exponentBits: exponentBits, rankBits: rankBits), seed, &generator)
    }
  }

  private func check(_ length: Int, _ layout: FusedLayout, _ seed: UInt64, _ generator: inout SeededGenerator) {
    let place: Comment = "seed \(seed), \(length) elements, \(layout)"
    // A few exponents make most elements, as in weights; the others have any bits.
    let common = (0..<4).map { _ in generator.next() >> UInt64(64 - layout.exponentBits) }
    let source = (0..<length).map { _ in
      let word = generator.next() >> UInt64(64 - 8 * layout.width)
      guard generator.next() % 4 > 0 else { return word }
      let mask = (UInt64(1) << UInt64(layout.exponentBits) - 1) << UInt64(layout.mantissaBits)
      return word & ~mask | common.randomElement(using: &generator)! << UInt64(layout.mantissaBits)
    }
    var exponents: [UInt16] = []
    for exponent in common.map({ UInt16($0) }) where !exponents.contains(exponent) { exponents.append(exponent) }
    exponents = Array(exponents.prefix(Int.random(in: 0...layout.escape, using: &generator)))
    if Bool.random(using: &generator) {
      // A full run, whose ranks are arithmetic: from any exponent that has room above it, near a common one or not.
      let last = 1 << layout.exponentBits - layout.escape
      let first =
        Bool.random(using: &generator) ? Int.random(in: 0...last, using: &generator) : min(Int(common[0]), last)
      exponents = (first..<(first + layout.escape)).map { UInt16($0) }
    }
    let expected = FusedReference(source, layout, exponents)
    for set in InstructionSet.available {
      check(source, layout, exponents, expected, on: set, "\(place), \(set.name)")
    }
  }

  private func check(
    _ source: [UInt64], _ layout: FusedLayout, _ exponents: [UInt16], _ expected: FusedReference,
    on set: InstructionSet, _ place: Comment
  ) {
    let found = FusedStreams(encoding: source, layout, exponents, on: set)
    #expect(found.streams == expected, place)
    #expect(found.decoded(exponents) == bytes(source, width: layout.width), place)
    #expect(found.isIntact, place)

    let escapes = expected.escapes
    #expect(found.decoded(exponents, escapes: escapes + [0]) == nil, place)
    if !escapes.isEmpty { #expect(found.decoded(exponents, escapes: Array(escapes.dropLast())) == nil, place) }
  }

  @Test func theCutOfBrainFloats() {
    // 1.0, −1.5, 0.5078125, 3.0 and the next after it, with exponents 127 and 126 listed in two bits: six mantissa bits
    // go into the symbol, one and the sign remain. 3.0's exponent 128 escapes.
    let layout = FusedLayout(width: 2, exponentBits: 8, rankBits: 2)
    let found = FusedStreams(encoding: [0x3F80, 0xBFC0, 0x3F02, 0x4040, 0x4041], layout, [127, 126]).streams
    #expect(found.symbols == [0x00, 0x20, 0x41, 0xE0, 0xE0])
    #expect(found.escapes == [128, 128])
    #expect(found.planes.isEmpty)
    #expect(found.fields == [[0b01_00_00, 0b00_10]])
  }

  @Test func theCutOfSingles() {
    // −1.7 is BFD9999A: mantissa 59999A, of which five bits go into the symbol and eighteen remain, in two planes, a
    // field of two bits (the last with a bit of the mantissa … and the sign above).
    let layout = FusedLayout(width: 4, exponentBits: 8, rankBits: 3)
    #expect(layout.planeCount == 2 && layout.fields.map(\.bits) == [2, 1])
    let found = FusedStreams(encoding: [0xBFD9_999A, 0x3F80_0001], layout, [127]).streams
    #expect(found.symbols == [0b0001_0110, 0])
    #expect(found.planes == [[0x9A, 0x01], [0x99, 0x00]])
    #expect(found.fields == [[0b0001], [0b01]])
  }
}

/// The streams of `fused`, element by element as the specification says.
struct FusedReference: Hashable {
  var symbols: [UInt8] = []
  var escapes: [UInt16] = []
  var planes: [[UInt8]]
  var fields: [[UInt8]]

  init(_ source: [UInt64], _ layout: FusedLayout, _ exponents: [UInt16]) {
    let mantissaBits = 8 * layout.width - 1 - layout.exponentBits
    let k = min(8 - layout.rankBits, mantissaBits)
    let low = mantissaBits - k
    var rests: [UInt64] = []
    for word in source {
      let exponent = UInt16(word >> UInt64(mantissaBits) & (1 << UInt64(layout.exponentBits) - 1))
      let mantissa = word & (1 << UInt64(mantissaBits) - 1)
      let rank = exponents.firstIndex(of: exponent)
      if rank == nil { escapes.append(exponent) }
      symbols.append(UInt8((rank ?? 1 << layout.rankBits - 1) << k) | UInt8(mantissa >> UInt64(low)))
      rests.append((word >> UInt64(8 * layout.width - 1)) << UInt64(low) | mantissa & (1 << UInt64(low) - 1))
    }
    planes = (0..<((low + 1) / 8)).map { plane in rests.map { UInt8(truncatingIfNeeded: $0 >> UInt64(8 * plane)) } }
    fields = []
    var shift = (low + 1) / 8 * 8
    for bits in [4, 2, 1] where (low + 1) % 8 & bits != 0 {
      let values = rests.map { UInt8(truncatingIfNeeded: $0 >> UInt64(shift)) & (1 << UInt8(bits) - 1) }
      fields.append(
        stride(from: 0, to: values.count, by: 4096).flatMap { start in
          packedTile(Array(values[start..<min(start + 4096, values.count)]), bits: bits)
        })
      shift += bits
    }
  }

  /// As the kernel left them.
  init(symbols: [UInt8], escapes: [UInt16], planes: [[UInt8]], fields: [[UInt8]]) {
    self.symbols = symbols
    self.escapes = escapes
    self.planes = planes
    self.fields = fields
  }
}

/// Runs the kernels in guarded memory.
private struct FusedStreams {
  let streams: FusedReference
  private let layout: FusedLayout
  private let count: Int
  private let memory: [GuardedBytes]

  private let set: InstructionSet
  var isIntact: Bool { memory.allSatisfy(\.isIntact) }

  init(
    encoding source: [UInt64], _ layout: FusedLayout, _ exponents: [UInt16], on set: InstructionSet = .best
  ) {
    self.set = set
    self.layout = layout
    count = source.count
    let memory = GuardedBytes(bytes(source, width: layout.width))
    let symbols = GuardedBytes(count, alignment: 1)
    let escapes = GuardedBytes(2 * count, alignment: 2)
    let planes = GuardedBytes(layout.planeCount * count, alignment: 1)
    let fields = layout.fields.map {
      GuardedBytes(BitFields.byteCount(elements: source.count, bits: $0.bits), alignment: 1)
    }
    let escaped = unsafe Fused.encode(
      memory.start, elements: count, layout: layout, exponents: exponents, symbols: symbols.bytes,
      escapes: escapes.start.assumingMemoryBound(to: UInt16.self), planes: planes.bytes, fields: fields.map(\.bytes),
      on: set)
    let count = count
    let content = planes.content
    streams = FusedReference(
      symbols: symbols.content, escapes: words(Array(escapes.content.prefix(2 * escaped)), width: 2).map { UInt16($0) },
      planes: (0..<layout.planeCount).map { Array(content[($0 * count)..<(($0 + 1) * count)]) },
      fields: fields.map(\.content))
    self.memory = [symbols, escapes, planes] + fields
  }

  /// What the streams decode to; nil where the kernel says that the escapes do not fit.
  func decoded(_ exponents: [UInt16], escapes: [UInt16]? = nil) -> [UInt8]? {
    let escapes = escapes ?? streams.escapes
    let escapeBytes = GuardedBytes(bytes(escapes.map { UInt64($0) }, width: 2), alignment: 2)
    let planes = streams.planes.map { GuardedBytes($0, alignment: 1) }
    let fields = streams.fields.map { GuardedBytes($0, alignment: 1) }
    let symbols = GuardedBytes(streams.symbols, alignment: 1)
    let target = GuardedBytes(count * layout.width)
    let isWhole = unsafe Fused.decode(
      symbols: symbols.source, elements: count, layout: layout, exponents: exponents,
      escapes: UnsafePointer(escapeBytes.start.assumingMemoryBound(to: UInt16.self)), escapeCount: escapes.count,
      planes: planes.map(\.source), fields: fields.map(\.source), into: target.start, on: set)
    #expect(target.isIntact, "\(layout)")
    return isWhole ? target.content : nil
  }

  func expectIntact(_ place: Comment) {
    for memory in memory { #expect(memory.isIntact, place) }
  }
}
