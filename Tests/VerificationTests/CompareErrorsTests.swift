import Kernels
import MemoryModel
import TensorModel
import Testing

/// The kernel against a reference that decodes every element, in every set of instructions that the machine has.
@Suite struct CompareErrorsTests {
  @Test(arguments: DType.all) func errorsAgreeWithDecodingEachElement(dtype: DType) {
    var random = SeededRandom("\(dtype.name)")
    let bounds: [ErrorBound?] = [nil, .absolute(0), .absolute(2), .relative(0.5)]
    for other in [dtype, .f32, .i64, .f6e2m3] where CompareErrors.canMeasure(dtype, other) {
      for (elements, isWild) in [(4, false), (12, true), (1020, true), (1024, false), (1500, false)] {
        let a = bytes(elements, dtype, isWild, &random)
        let b = bytes(elements, other, isWild, &random)
        compare(a, dtype, b, other, elements, bounds[Int.random(in: 0..<4, using: &random)])
      }
    }
  }

  @Test(arguments: [DType.f16, .bf16, .f8e4m3, .f8e8m0]) func everyPatternIsWidenedToItsNumber(dtype: DType) {
    let count = 1 << dtype.elementBits
    let a = (0..<count).flatMap { pattern in
      (0..<dtype.blockBytes).map { UInt8(truncatingIfNeeded: pattern >> (8 * $0)) }
    }
    let zeros: [UInt8] = [0]
    for index in 0..<count {
      let start = index * dtype.blockBytes
      let spans = unsafe (a.span.bytes.extracting(start..<(start + dtype.blockBytes)), zeros.span.bytes)
      let found = CompareErrors.errors(spans.0, dtype, spans.1, .u8, elements: 1)
      let value = Number(ElementDecoding.value(of: index, in: unsafe a.span.bytes, dtype)).double
      #expect(found.largest == (value.isFinite ? abs(value) : 0) && found.mismatches == (value.isFinite ? 0 : 1))
    }
  }

  @Test func nanAndInfinityAgreeWithThemselvesAlone() {
    let a: [Float] = [.nan, .infinity, -.infinity, .nan, .infinity, 1, .infinity, 3]
    let b: [Float] = [-.nan, .infinity, -.infinity, 1, -.infinity, .nan, 2, 5]
    let found = unsafe CompareErrors.errors(a.span.bytes, .f32, b.span.bytes, .f32, elements: 8, beyond: .absolute(100))
    #expect(found.pairs == 1 && found.largest == 2 && found.largestAt == 7 && found.noise == 4)
    #expect(found.mismatches == 4 && found.firstMismatch == 3)
    #expect(found.beyond == 4 && found.firstBeyond == 3)
  }

  @Test func integersOf64BitsLoseNothing() {
    let a: [Int64] = [1 << 62, .min, .max, (1 << 53) + 1]
    let b: [Int64] = [(1 << 62) - 1, .max, .max, 1 << 53]
    let found = unsafe CompareErrors.errors(a.span.bytes, .i64, b.span.bytes, .i64, elements: 4, beyond: .absolute(0))
    #expect(found.largest == 0x1p64 && found.largestAt == 1 && found.beyond == 3)
    let doubles = b.map(Double.init)
    let mixed = unsafe CompareErrors.errors(
      a.span.bytes, .i64, doubles.span.bytes, .f64, elements: 4, beyond: .absolute(0))
    #expect(mixed.beyond == 3, "the double nearest to 2^62 - 1 is 2^62, but those of the others are other numbers")
  }

  @Test func aDifferenceThatVanishesWhenSquaredIsFound() {
    let a: [Double] = [0, 0x1p-1074, 1]
    let b: [Double] = [0, 0, 1]
    let found = unsafe CompareErrors.errors(a.span.bytes, .f64, b.span.bytes, .f64, elements: 3)
    #expect(found.largest == 0x1p-1074 && found.largestAt == 1 && found.noise == 0)
  }

  private func bytes(_ elements: Int, _ dtype: DType, _ isWild: Bool, _ random: inout SeededRandom) -> [UInt8] {
    let count = elements / dtype.blockElements * dtype.blockBytes
    if isWild { return (0..<count).map { _ in random.edgeByte() } }
    guard case .float(.f32) = dtype.values else { return random.bytes(count) }
    return (0..<elements).flatMap { _ in
      let word = Float.random(in: -4...4, using: &random).bitPattern
      return (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
    }
  }

  private func compare(
    _ a: [UInt8], _ typeOfA: DType, _ b: [UInt8], _ typeOfB: DType, _ elements: Int, _ bound: ErrorBound?
  ) {
    // Any alignment.
    let shifted = [0] + a
    let (left, right) = unsafe (shifted.span.bytes.extracting(1..<shifted.count), b.span.bytes)
    let expected = Reference(left, typeOfA, right, typeOfB, elements, bound)
    let all = InstructionSet.available.map {
      CompareErrors.errors(left, typeOfA, right, typeOfB, elements: elements, beyond: bound, on: $0)
    }
    let found = all[0]
    // Sums that are not numbers are not equal to themselves.
    #expect(all.allSatisfy { $0.bits == found.bits }, "\(typeOfA.name) against \(typeOfB.name)")
    #expect(
      found.pairs == expected.pairs && found.largest == expected.largest && found.largestAt == expected.largestAt
        && found.mismatches == expected.mismatches && found.firstMismatch == expected.firstMismatch
        && found.beyond == expected.beyond && found.firstBeyond == expected.firstBeyond,
      "\(typeOfA.name) against \(typeOfB.name): \(found), \(expected)")
    for (sum, other) in zip(found.sums, expected.sums) {
      #expect(
        sum == other || abs(sum - other) <= 1e-12 * expected.scale || sum.isNaN && other.isNaN
          || expected.scale == .infinity)
    }
  }
}

extension ElementErrors {
  fileprivate var sums: [Double] { [energyOfA, energyOfB, product, noise] }
  fileprivate var bits: [UInt64] {
    (sums + [largest]).map(\.bitPattern)
      + [pairs, largestAt ?? -1, mismatches, beyond].map { UInt64(bitPattern: Int64($0)) }
  }
}

/// A real number, without loss, or a complex one.
private struct Number {
  var parts: [Double]
  var integer: Int128?

  init(_ value: ElementValue) {
    switch value {
    case .unsigned(let value): (parts, integer) = ([Double(value)], Int128(value))
    case .signed(let value): (parts, integer) = ([Double(value)], Int128(value))
    case .half(let value): parts = [Double(value)]
    case .single(let value): parts = [Double(value)]
    case .double(let value): parts = [value]
    case .complex(let real, let imaginary): parts = [Double(real), Double(imaginary)]
    case .opaque: parts = []
    }
    if integer == nil, parts.count == 1, abs(parts[0]) < 1e30, parts[0] == parts[0].rounded() {
      integer = Int128(parts[0])
    }
  }

  var double: Double { parts[0] }
  var isFinite: Bool { parts.allSatisfy(\.isFinite) }
  var modulus: Double { parts.count == 1 ? abs(parts[0]) : parts.map { $0 * $0 }.reduce(0, +).squareRoot() }

  func error(_ other: Number) -> (modulus: Double, square: Double) {
    if let integer, let second = other.integer {
      let error = Double(integer > second ? integer - second : second - integer)
      return (error, error * error)
    }
    let parts = zip(parts, other.parts).map { $0 - $1 }
    let square = parts.map { $0 * $0 }.reduce(0, +)
    return (parts.count == 1 ? abs(parts[0]) : square.squareRoot(), square)
  }
}

/// What the kernel must find, element by element.
private struct Reference {
  var pairs = 0
  var sums = [0.0, 0, 0, 0]
  var scale = 0.0
  var largest = 0.0
  var largestAt: Int?
  var mismatches = 0
  var firstMismatch: Int?
  var beyond = 0
  var firstBeyond: Int?

  init(_ a: RawSpan, _ typeOfA: DType, _ b: RawSpan, _ typeOfB: DType, _ elements: Int, _ bound: ErrorBound?) {
    for index in 0..<elements {
      let left = Number(ElementDecoding.value(of: index, in: a, typeOfA))
      let right = Number(ElementDecoding.value(of: index, in: b, typeOfB))
      guard left.isFinite && right.isFinite else {
        let agrees = zip(left.parts, right.parts).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
        if agrees { continue }
        if mismatches == 0 { firstMismatch = index }
        mismatches += 1
        count(index, bound != nil)
        continue
      }
      pairs += 1
      let error = left.error(right)
      sums[0] += left.parts.map { $0 * $0 }.reduce(0, +)
      sums[1] += right.parts.map { $0 * $0 }.reduce(0, +)
      sums[2] += zip(left.parts, right.parts).map { $0 * $1 }.reduce(0, +)
      sums[3] += error.square
      scale = max(sums[0], sums[1], sums[3])
      if error.modulus > largest { (largest, largestAt) = (error.modulus, index) }
      switch bound {
      case .absolute(let limit): count(index, error.modulus > limit)
      case .relative(let share): count(index, error.modulus > share * max(left.modulus, right.modulus))
      case nil: break
      }
    }
  }

  private mutating func count(_ index: Int, _ isBeyond: Bool) {
    guard isBeyond else { return }
    if beyond == 0 { firstBeyond = index }
    beyond += 1
  }
}
