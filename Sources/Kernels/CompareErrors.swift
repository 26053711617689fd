import CKernels
public import TensorModel

/// Measures the errors between the elements of two ranges, which may be of different types.
public enum CompareErrors {
  /// Doubles of a block: those of both sides stay in the first-level cache.
  private static let blockCount = 1024

  /// Whether the elements of both types are numbers of one kind, so that there are errors.
  public static func canMeasure(_ a: DType, _ b: DType) -> Bool {
    guard let a = CompareWidening(a), let b = CompareWidening(b) else { return false }
    return a.isComplex == b.isComplex
  }

  /// The errors of `elements` elements, from the start of both spans, which begin at a block boundary. O(n); never fails.
  ///
  /// Differences are taken of exact values, those of 64-bit integers too, and rounded once. Sums are of doubles, in 8 lanes
  /// in blocks of 1024, folded in a fixed order.
  /// - Precondition: `canMeasure` both types; the spans hold the elements.
  public static func errors(
    _ a: RawSpan, _ typeOfA: DType, _ b: RawSpan, _ typeOfB: DType, elements: Int, beyond bound: ErrorBound? = nil,
    on set: InstructionSet = .best
  ) -> ElementErrors {
    guard let wideningA = CompareWidening(typeOfA), let wideningB = CompareWidening(typeOfB) else {
      preconditionFailure("bytes without a meaning have no errors")
    }
    precondition(elements >= 0 && wideningA.isComplex == wideningB.isComplex)
    precondition(typeOfA.fills(a, elements) && typeOfB.fills(b, elements))
    var result = ElementErrors()
    let perBlock = blockCount / wideningA.parts
    unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * blockCount) { scratch in
      guard let doublesOfA = scratch.baseAddress else { return }
      let doublesOfB = unsafe doublesOfA + blockCount
      var start = 0
      while start < elements {
        let count = min(perBlock, elements - start)
        unsafe a.withUnsafeBytes { unsafe wideningA.widen($0.baseAddress!, start, count, into: doublesOfA) }
        unsafe b.withUnsafeBytes { unsafe wideningB.widen($0.baseAddress!, start, count, into: doublesOfB) }
        let block = unsafe NumberBlock(doublesOfA, doublesOfB, count * wideningA.parts, parts: wideningA.parts)
        if wideningA.rounds && block.leavesExactIntegersInA || wideningB.rounds && block.leavesExactIntegersInB {
          result.add(exactErrors(a, typeOfA, b, typeOfB, start..<(start + count), bound), from: start)
        } else {
          result.add(block.errors(bound, on: set), from: start)
        }
        start += count
      }
    }
    return result
  }

  /// The errors of a few elements, integers of 64 bits among them, that doubles would not hold.
  private static func exactErrors(
    _ a: RawSpan, _ typeOfA: DType, _ b: RawSpan, _ typeOfB: DType, _ elements: Range<Int>, _ bound: ErrorBound?
  ) -> ElementErrors {
    var result = ElementErrors()
    for index in elements {
      let left = ExactValue(ElementDecoding.value(of: index, in: a, typeOfA))
      let right = ExactValue(ElementDecoding.value(of: index, in: b, typeOfB))
      result.add(
        left.double, right.double, difference: left.minus(right), at: index - elements.lowerBound, bound)
    }
    return result
  }
}

extension DType {
  /// Whether `bytes` hold so many elements, and of a block type no part of a block.
  fileprivate func fills(_ bytes: RawSpan, _ elements: Int) -> Bool {
    guard blockType != nil else { return elements * elementBits <= bytes.byteCount * 8 }
    return elements % blockElements == 0 && elements / blockElements * blockBytes <= bytes.byteCount
  }
}

/// A number of a real type, without loss.
private enum ExactValue {
  case integer(Int128)
  case double(Double)

  init(_ value: ElementValue) {
    switch value {
    case .unsigned(let value): self = .integer(Int128(value))
    case .signed(let value): self = .integer(Int128(value))
    case .half(let value): self.init(Double(value))
    case .single(let value): self.init(Double(value))
    case .double(let value): self.init(value)
    case .complex, .opaque: preconditionFailure("no real number")
    }
  }

  /// A whole double near the integers that it is compared with is taken as one.
  private init(_ value: Double) {
    self = abs(value) < 0x1p100 && value == value.rounded() ? .integer(Int128(value)) : .double(value)
  }

  var double: Double {
    switch self {
    case .integer(let value): Double(value)
    case .double(let value): value
    }
  }

  /// The difference, rounded once where both are whole; 0 for nothing but equal numbers.
  func minus(_ other: ExactValue) -> Double {
    guard case (.integer(let left), .integer(let right)) = (self, other) else { return double - other.double }
    return Double(left - right)
  }
}

extension ElementErrors {
  /// Takes in one pair of real numbers.
  mutating func add(_ a: Double, _ b: Double, difference: Double, at index: Int, _ bound: ErrorBound?) {
    add((a, 0), (b, 0), (difference, 0), at: index, bound)
  }

  /// Takes in one pair of complex numbers.
  mutating func add(
    _ a: (Double, Double), _ b: (Double, Double), _ difference: (Double, Double), at index: Int, _ bound: ErrorBound?
  ) {
    guard a.0.isFinite && a.1.isFinite && b.0.isFinite && b.1.isFinite else {
      guard !Self.agree(a.0, b.0) || !Self.agree(a.1, b.1) else { return }
      if mismatches == 0 { firstMismatch = index }
      mismatches += 1
      if bound != nil { countBeyond(index) }
      return
    }
    pairs += 1
    energyOfA += a.0 * a.0 + a.1 * a.1
    energyOfB += b.0 * b.0 + b.1 * b.1
    product += a.0 * b.0 + a.1 * b.1
    noise += difference.0 * difference.0 + difference.1 * difference.1
    let error = Self.modulus(difference)
    if error > largest { (largest, largestAt) = (error, index) }
    if bound?.isBelow(error, Self.modulus(a), Self.modulus(b)) == true { countBeyond(index) }
  }

  private mutating func countBeyond(_ index: Int) {
    if beyond == 0 { firstBeyond = index }
    beyond += 1
  }

  private static func agree(_ a: Double, _ b: Double) -> Bool { a == b || a.isNaN && b.isNaN }

  static func modulus(_ number: (Double, Double)) -> Double {
    // Parts are floats: their squares neither overflow nor vanish.
    number.1 == 0 ? abs(number.0) : (number.0 * number.0 + number.1 * number.1).squareRoot()
  }
}

extension ErrorBound {
  /// Whether an error between two finite numbers of these magnitudes is beyond the bound.
  @inline(__always)
  func isBelow(_ error: Double, _ a: Double, _ b: Double) -> Bool {
    switch self {
    case .absolute(let limit): error > limit
    case .relative(let share): error > share * max(a, b)
    }
  }
}
