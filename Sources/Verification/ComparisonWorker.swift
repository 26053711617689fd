import Containers
import Kernels
import TensorModel

/// One thread's views of two models, and what the last comparison of a range found.
final class ComparisonWorker {
  private let a: any ContainerReader
  private let b: any ContainerReader
  private let sessionA: any TensorSession
  private let sessionB: any TensorSession
  private(set) var outcome = Outcome()

  /// What comparing one range of a pair found; indices count elements from the start of the tensor.
  struct Outcome {
    var differences = ElementDifferences()
    /// The elements at `differences.firstBits` and at `differences.firstValue`.
    var atFirstBits: Pair?
    var atFirstValue: Pair?
    var failure: ReadFailure?
  }

  /// An element in A and in B.
  struct Pair {
    var a: ElementValue
    var b: ElementValue
    var bits: (a: String, b: String)?
  }

  init(_ a: any ContainerReader, _ b: any ContainerReader) {
    self.a = a
    self.b = b
    sessionA = a.makeSession()
    sessionB = b.makeSession()
  }

  /// Compares `range` of the tensors of `pair`, which have the same dtype and shape, and leaves the result in `outcome`.
  func compare(_ pair: (a: Int, b: Int), _ range: Range<Int>) {
    guard !compareRepeated(pair, range) else { return }
    let dtype = a.catalog.tensors[pair.a].info.dtype
    do throws(ModelError) {
      outcome = try sessionA.withBytes(of: pair.a, range) { left throws(ModelError) in
        do throws(ModelError) {
          return try sessionB.withBytes(of: pair.b, range) { right throws(ModelError) in
            var found = Outcome(left, right, dtype)
            found.move(to: range, dtype)
            return found
          }
        } catch {
          // Caught here, so that it is not taken for a failure of A.
          return Outcome(failure: ReadFailure(path: b.path, error: error))
        }
      }
    } catch {
      outcome = Outcome(failure: ReadFailure(path: a.path, error: error))
    }
    sessionA.release(of: pair.a, range)
    sessionB.release(of: pair.b, range)
  }

  /// The same in constant time, where both containers know the block that fills the range; false where they do not, or
  /// where reading it fails, which then shows when the bytes are read.
  func compareRepeated(_ pair: (a: Int, b: Int), _ range: Range<Int>) -> Bool {
    guard let left = try? sessionA.repeatedBlock(of: pair.a, range),
      let right = try? sessionB.repeatedBlock(of: pair.b, range)
    else { return false }
    let dtype = a.catalog.tensors[pair.a].info.dtype
    precondition(left.count == dtype.blockBytes && right.count == dtype.blockBytes)
    var found = unsafe Outcome(left.span.bytes, right.span.bytes, dtype)
    found.differences.bits *= range.count / dtype.blockBytes
    found.differences.values *= range.count / dtype.blockBytes
    found.move(to: range, dtype)
    outcome = found
    return true
  }
}

extension ComparisonWorker.Outcome {
  init(_ left: RawSpan, _ right: RawSpan, _ dtype: DType) {
    differences = CompareElements.differences(left, right, dtype)
    atFirstBits = differences.firstBits.map { ComparisonWorker.Pair($0, left, right, dtype) }
    atFirstValue = differences.firstValue.map { ComparisonWorker.Pair($0, left, right, dtype) }
  }

  /// Makes indices that count from the start of `range` count from the start of the tensor.
  mutating func move(to range: Range<Int>, _ dtype: DType) {
    let first = range.lowerBound / dtype.blockBytes * dtype.blockElements
    differences.firstBits? += first
    differences.firstValue? += first
  }
}

extension ComparisonWorker.Pair {
  init(_ index: Int, _ left: RawSpan, _ right: RawSpan, _ dtype: DType) {
    a = ElementDecoding.value(of: index, in: left, dtype)
    b = ElementDecoding.value(of: index, in: right, dtype)
    guard a.description == b.description, dtype.values != .opaque else { return }
    bits = (
      Self.hexadecimal(ElementDecoding.bits(of: index, in: left, dtype), dtype),
      Self.hexadecimal(ElementDecoding.bits(of: index, in: right, dtype), dtype)
    )
  }

  private static func hexadecimal(_ bits: UInt64, _ dtype: DType) -> String {
    let digits = String(bits, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, (dtype.elementBits + 3) / 4 - digits.count)) + digits
  }
}

extension TensorComparison {
  /// Takes in what was found in the next range of the tensor.
  mutating func add(_ outcome: ComparisonWorker.Outcome) {
    differingBits += outcome.differences.bits
    differingValues += outcome.differences.values
    if failure == nil { failure = outcome.failure }
    let (index, pair) =
      tolerance == .exact
      ? (outcome.differences.firstBits, outcome.atFirstBits) : (outcome.differences.firstValue, outcome.atFirstValue)
    guard first == nil, let index, let pair else { return }
    first = Difference(index: a.index(ofElement: index), a: pair.a, b: pair.b, bits: pair.bits)
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
