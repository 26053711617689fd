import Kernels
import TensorModel

/// What comparing one range of two tensors found. Indices count elements from the start of the range, or once `move` was
/// called from the start of the tensor.
struct RangeOutcome {
  /// An element in A and in B.
  struct Pair {
    var index: Int
    var a: ElementValue
    var b: ElementValue
    var bits: (a: String, b: String)?
  }

  /// Of tensors of the same dtype alone.
  var differingBits = 0
  var differingValues = 0
  var errors = ElementErrors()
  /// The first elements that differ in bits, as numbers, and by more than the bound; and that with the largest error.
  var firstBits: Pair?
  var firstValue: Pair?
  var firstBeyond: Pair?
  var worst: Pair?
  /// Whether every element of one side is the other's, rounded to its type.
  var isRounded = true
  var failure: ReadFailure?

  init(failure: ReadFailure? = nil) { self.failure = failure }

  /// Compares `count` elements. Errors are measured only where bits differ.
  /// - Parameter rounding: what is asked of two types; nil where one is not the other's rounded anyway.
  init(
    _ left: RawSpan, _ right: RawSpan, _ types: (a: DType, b: DType), _ count: Int, _ bound: ErrorBound?,
    _ rounding: Rounding?
  ) {
    func pair(_ index: Int) -> Pair { Pair(index, left, right, types) }
    if types.a == types.b {
      let differences = CompareElements.differences(left, right, types.a)
      guard differences.bits > 0 else { return }
      (differingBits, differingValues) = (differences.bits, differences.values)
      firstBits = differences.firstBits.map(pair)
      firstValue = differences.firstValue.map(pair)
      guard CompareErrors.canMeasure(types.a, types.b) else { return }
      errors = CompareErrors.errors(left, types.a, right, types.b, elements: count, beyond: bound)
    } else {
      let unequal = CompareErrors.errors(left, types.a, right, types.b, elements: count, beyond: .absolute(0))
      differingValues = unequal.beyond
      firstValue = unequal.firstBeyond.map(pair)
      isRounded = unequal.beyond == 0 || rounding?.holds(left, right, count: count) == true
      errors = unequal
      if let bound {
        errors = CompareErrors.errors(left, types.a, right, types.b, elements: count, beyond: bound)
      }
    }
    firstBeyond = errors.firstBeyond.map(pair)
    worst = (errors.firstMismatch ?? errors.largestAt).map(pair)
  }

  /// The outcome where the range comes `count` times.
  mutating func `repeat`(_ count: Int) {
    differingBits *= count
    differingValues *= count
    errors = errors.repeated(count)
  }

  /// Makes indices that count from the start of the range count from the start of the tensor, `first` elements before.
  mutating func move(by first: Int) {
    firstBits?.index += first
    firstValue?.index += first
    firstBeyond?.index += first
    worst?.index += first
    errors.largestAt? += first
    errors.firstMismatch? += first
    errors.firstBeyond? += first
  }
}

extension RangeOutcome.Pair {
  init(_ index: Int, _ left: RawSpan, _ right: RawSpan, _ types: (a: DType, b: DType)) {
    self.index = index
    a = ElementDecoding.value(of: index, in: left, types.a)
    b = ElementDecoding.value(of: index, in: right, types.b)
    guard types.a == types.b, a.description == b.description, types.a.values != .opaque else { return }
    if types.a.blockType != nil {
      bits = (
        ElementDecoding.block(of: index, in: left, types.a).description,
        ElementDecoding.block(of: index, in: right, types.b).description
      )
      return
    }
    bits = (
      Self.hexadecimal(ElementDecoding.bits(of: index, in: left, types.a), types.a),
      Self.hexadecimal(ElementDecoding.bits(of: index, in: right, types.b), types.b)
    )
  }

  private static func hexadecimal(_ bits: UInt64, _ dtype: DType) -> String {
    let digits = String(bits, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, (dtype.elementBits + 3) / 4 - digits.count)) + digits
  }
}

extension TensorComparison {
  /// Takes in what was found in the next range of the tensor.
  mutating func add(_ outcome: RangeOutcome) {
    let isWorse =
      outcome.errors.mismatches > 0
      ? errors.mismatches == 0
      : errors.mismatches == 0 && outcome.errors.largest > errors.largest
    if isWorse { worst = outcome.worst.map(difference) }
    differingBits += outcome.differingBits
    differingValues += outcome.differingValues
    isRounded = isRounded && outcome.isRounded
    errors.add(outcome.errors)
    if failure == nil { failure = outcome.failure }
    if first == nil { first = firstDiffering(outcome).map(difference) }
  }

  private func firstDiffering(_ outcome: RangeOutcome) -> RangeOutcome.Pair? {
    switch tolerance {
    case .exact: mode == .bits ? outcome.firstBits : outcome.firstValue
    case .absolute, .relative: isMeasured ? outcome.firstBeyond : outcome.firstBits
    case .value, .signalToNoise: outcome.firstValue
    }
  }

  private func difference(_ pair: RangeOutcome.Pair) -> Difference {
    Difference(index: a.index(ofElement: pair.index), a: pair.a, b: pair.b, bits: pair.bits)
  }
}

extension TensorInfo {
  /// Where element `number`, counted in row-major order, lies: one index per dimension.
  func index(ofElement number: Int) -> [Int] {
    var rest = number
    var index: [Int] = []
    for dimension in shape.reversed() {
      index.append(rest % dimension)
      rest /= dimension
    }
    return index.reversed()
  }
}
