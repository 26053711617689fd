import Kernels
import MemoryModel
import TensorModel
import Testing

/// The kernels of pruning against what they are defined to do.
@Suite struct PruneKernelTests {
  private static let floats: [DType] = [.f64, .f32, .f16, .bf16, .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz]

  private static func value(_ bits: UInt64, _ dtype: DType) -> Double {
    switch ElementDecoding.value(ofBits: bits, dtype) {
    case .half(let value): Double(value)
    case .single(let value): Double(value)
    case .double(let value): value
    default: .nan
    }
  }

  @Test(arguments: floats.filter { $0.blockBytes <= 2 })
  func magnitudesOrderAsTheirNumbersDo(_ dtype: DType) throws {
    let order = try #require(MagnitudeOrder(dtype))
    for magnitude in 0..<order.largestFinite {
      #expect(order.value(of: magnitude) < order.value(of: magnitude + 1))
      #expect(order.magnitude(atLeast: order.value(of: magnitude)) == magnitude)
      #expect(order.magnitude(atLeast: order.value(of: magnitude).nextUp) == magnitude + 1)
    }
    #expect(order.magnitude(atLeast: order.value(of: order.largestFinite).nextUp) == nil)
    // Behind the largest there is nothing finite.
    if order.largestFinite < 1 << UInt64(dtype.elementBits - 1) - 1 {
      #expect(!Self.value(order.largestFinite + 1, dtype).isFinite)
    }
  }

  @Test func onlyFloatsOfWholeBytesWithSignAndZeroHaveAnOrder() {
    let ordered = DType.all.filter { MagnitudeOrder($0) != nil }
    #expect(Set(ordered) == Set(Self.floats))
    #expect(Set(DType.all.filter { DoubleWidening($0) != nil }) == Set(Self.floats))
  }

  @Test(arguments: floats)
  func elementsWidenExactly(_ dtype: DType) throws {
    var random = SeededRandom("widening \(dtype.name)")
    let count = dtype.blockBytes <= 2 ? 1 << dtype.elementBits : 5000
    let patterns = (0..<count).map {
      dtype.blockBytes <= 2 ? UInt64($0) : random.next() >> UInt64(64 - dtype.elementBits)
    }
    let bytes = patterns.flatMap { pattern in
      (0..<dtype.blockBytes).map { UInt8(truncatingIfNeeded: pattern >> UInt64(8 * $0)) }
    }
    var values = [Double](repeating: 0, count: count + 1)
    let widening = try #require(DoubleWidening(dtype))
    unsafe widening.values(bytes.span.bytes, into: &values, at: 1)
    for (pattern, value) in zip(patterns, values.dropFirst()) {
      let expected = Self.value(pattern, dtype)
      #expect(value.bitPattern == expected.bitPattern || value.isNaN && expected.isNaN, "\(pattern)")
    }
  }

  @Test func everySetTalliesTheSameBits() throws {
    var random = SeededRandom("tally")
    let widening = try #require(DoubleWidening(.f32))
    for count in Array(0...40) + [2047, 2048, 2049, 5000] {
      let before = (0..<4 * count).map { $0 % 4 == 3 ? random.edgeByte() : UInt8(truncatingIfNeeded: random.next()) }
      let gone = (0..<count).map { _ in random.next() % 3 == 0 }
      let after = before.enumerated().map { gone[$0.offset / 4] ? 0 : $0.element }
      for set in InstructionSet.available {
        let (reference, compared) = unsafe (
          widening.tally(before.span.bytes, after.span.bytes, on: .portable),
          widening.tally(before.span.bytes, after.span.bytes, on: set)
        )
        #expect(compared == reference, "\(set.name), \(count)")
        for limit in [0, 1e-20, 1, .greatestFiniteMagnitude] as [Double] {
          let (reference, compared) = unsafe (
            widening.tally(before.span.bytes, zeroedUpTo: limit, on: .portable),
            widening.tally(before.span.bytes, zeroedUpTo: limit, on: set)
          )
          #expect(compared == reference, "\(set.name), \(count) up to \(limit)")
        }
      }
    }
  }

  @Test func theSmallestKeysAreFoundWhateverTheDigits() {
    var random = SeededRandom("selection")
    for (bits, digits) in [(64, 16), (63, 11), (31, 16), (15, 16), (7, 16), (8, 3), (1, 1)] {
      let keys = (0..<500).map { _ in (random.next() >> UInt64(64 - bits)) >> (random.next() % UInt64(bits)) }
      let sorted = keys.sorted()
      for rank in [1, 2, 250, 499, 500] {
        var selection = RadixSelection(keyBits: bits, rank: rank, digitBits: digits)
        repeat {
          var half = selection
          selection.count(Array(keys[..<123]), 123)
          half.count(Array(keys[123...]), 377)
          selection.merge(half)
        } while !selection.advance()
        #expect(selection.key == sorted[rank - 1])
        #expect(selection.ties.all == keys.count { $0 == selection.key })
        #expect(selection.ties.taken == rank - keys.count { $0 < selection.key })
      }
    }
  }

  @Test(arguments: [(2, 4), (1, 4), (3, 4), (2, 5)])
  func groupsByMagnitudeAndByKeyAgree(_ pattern: (kept: Int, size: Int)) throws {
    var random = SeededRandom("groups")
    let order = try #require(MagnitudeOrder(.f8e4m3))
    let groups = PruneGroups(kept: pattern.kept, of: pattern.size, stride: 1)
    let bytes = (0..<pattern.size * 400).map { _ in
      random.next() % 2 == 0 ? random.edgeByte() : UInt8(random.next() % 6)
    }
    let keys = bytes.map { $0 & 0x7F == 0x7F ? UInt64.max : UInt64($0 & 0x7F) }
    var byMagnitude = bytes
    groups.zero(bytes.count, order, in: &byMagnitude, at: 0)
    var byKey = bytes
    groups.zero(bytes.count, by: keys, width: 1, in: &byKey, at: 0)
    #expect(byMagnitude == byKey)
    #expect(byMagnitude != bytes)
  }

  @Test(arguments: InstructionSet.available.map(\.name), [DType.bf16, .f16, .f32, .f64, .f8e4m3])
  func everyInstructionSetZeroesAndCountsTheSame(_ name: String, _ dtype: DType) throws {
    let set = try #require(InstructionSet.available.first { $0.name == name })
    let order = try #require(MagnitudeOrder(dtype))
    let width = dtype.blockBytes
    var random = SeededRandom("fours")
    for count in Array(0...40) + [4096] {
      // Few values, so that many are equal; some of them are NaN or infinite.
      let words =
        (0..<3).map { _ in (0..<width).map { _ in random.edgeByte() } } + [[UInt8](repeating: 0xFF, count: width)]
      let elements = (0..<4 * count).flatMap { _ in words[Int(random.next() % 4)] }
      let bytes = [UInt8](repeating: 7, count: 3) + elements
      for kept in 1...3 {
        let groups = PruneGroups(kept: kept, of: 4, stride: 1)
        var (found, reference) = (bytes, bytes)
        groups.zero(4 * count, order, in: &found, at: 3, on: set)
        groups.zero(4 * count, order, in: &reference, at: 3, on: .portable)
        #expect(found == reference, "\(kept):4 of \(count) groups")
      }
      for word in words {
        let magnitude = word.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } & (1 << UInt64(8 * width - 1) - 1)
        guard magnitude <= order.largestFinite else { continue }
        let source = unsafe bytes.span.bytes.extracting(droppingFirst: 3)
        let found = PruneMagnitude.count(of: magnitude, in: source, order, on: set)
        #expect(found == PruneMagnitude.count(of: magnitude, in: source, order, on: .portable))
      }
    }
  }

  @Test(arguments: [DType.bf16, .f16, .f8e5m2])
  func magnitudesThatAreCountedTellWhatEachElementDoes(_ dtype: DType) throws {
    let order = try #require(MagnitudeOrder(dtype))
    let widening = try #require(DoubleWidening(dtype))
    var random = SeededRandom("counts")
    let bytes = (0..<6000).map { _ in random.edgeByte() }
    let source = unsafe bytes.span.bytes
    var selection = RadixSelection(keyBits: order.keyBits, rank: 2000 / dtype.blockBytes)
    PruneMagnitude.count(source, order, in: &selection)
    let isKnown = selection.advance()
    #expect(isKnown)
    let found = PruneTally(
      counts: selection.counts, order, zeroedUpTo: selection.key, taken: selection.ties.all)
    let each = widening.tally(source, zeroedUpTo: order.value(of: selection.key))
    #expect(found.elementCount == each.elementCount && found.zerosBefore == each.zerosBefore)
    #expect(found.zerosAfter == each.zerosAfter)
    #expect(abs(found.squares - each.squares) <= 1e-12 * each.squares)
    #expect(abs(found.lostSquares - each.lostSquares) <= 1e-12 * each.lostSquares)
  }

  @Test func elementsOfOneMagnitudeAreCountedAndFoundInOrder() throws {
    let order = try #require(MagnitudeOrder(.bf16))
    let places = [0, 7, 255, 256, 65_535, 65_536, 99_999]
    var bytes = [UInt8](repeating: 1, count: 200_001)
    for place in places { (bytes[2 * place + 1], bytes[2 * place + 2]) = (0x80, place % 2 == 0 ? 0x3F : 0xBF) }
    let source = unsafe bytes.span.bytes.extracting(1..<200_001)
    #expect(PruneMagnitude.count(of: 0x3F80, in: source, order) == places.count)
    for (number, place) in places.enumerated() {
      #expect(PruneMagnitude.index(of: 0x3F80, number: number, in: source, order) == (place, number))
    }
    #expect(PruneMagnitude.index(of: 0x3F80, number: places.count, in: source, order) == (nil, places.count))
  }
}
