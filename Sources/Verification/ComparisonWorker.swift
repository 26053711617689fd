import Containers
import Kernels
import TensorModel

/// One thread's views of two models, and what the last comparison of a range found.
final class ComparisonWorker {
  private let a: any ContainerReader
  private let b: any ContainerReader
  private let sessionA: any TensorSession
  private let sessionB: any TensorSession
  private let bound: ErrorBound?
  /// By the types of A and B.
  private var roundings: [[DType]: Rounding?] = [:]
  private(set) var outcome = RangeOutcome()

  init(_ a: any ContainerReader, _ b: any ContainerReader, _ tolerance: Tolerance) {
    self.a = a
    self.b = b
    sessionA = a.makeSession()
    sessionB = b.makeSession()
    bound = tolerance.bound
  }

  /// Compares the elements in `range` of A's bytes with those at the same places in B, and leaves the result in `outcome`.
  /// Both tensors have as many elements, and `range` whole blocks of either dtype.
  func compare(_ pair: (a: Int, b: Int), _ range: Range<Int>) {
    guard !compareRepeated(pair, range) else { return }
    let types = types(pair)
    let rounding = rounding(types)
    let rangeInB = range.elements(types.a).bytes(types.b)
    do throws(ModelError) {
      outcome = try sessionA.withBytes(of: pair.a, range) { left throws(ModelError) in
        do throws(ModelError) {
          return try sessionB.withBytes(of: pair.b, rangeInB) { right throws(ModelError) in
            var found = RangeOutcome(left, right, types, range.elements(types.a).count, bound, rounding)
            found.move(by: range.elements(types.a).lowerBound)
            return found
          }
        } catch {
          // Caught here, so that it is not taken for a failure of A.
          return RangeOutcome(failure: ReadFailure(path: b.path, error: error))
        }
      }
    } catch {
      outcome = RangeOutcome(failure: ReadFailure(path: a.path, error: error))
    }
    sessionA.release(of: pair.a, range)
    sessionB.release(of: pair.b, rangeInB)
  }

  /// The same in constant time, where both containers know the block that fills the range; false where they do not, or
  /// where reading it fails, which then shows when the bytes are read.
  func compareRepeated(_ pair: (a: Int, b: Int), _ range: Range<Int>) -> Bool {
    let types = types(pair)
    let elements = range.elements(types.a)
    guard let left = try? sessionA.repeatedBlock(of: pair.a, range),
      let right = try? sessionB.repeatedBlock(of: pair.b, elements.bytes(types.b))
    else { return false }
    precondition(left.count == types.a.blockBytes && right.count == types.b.blockBytes)
    // The fewest elements that fill whole blocks of both; the range has a multiple of them.
    var unit = types.a.blockElements
    while unit % types.b.blockElements != 0 { unit += types.a.blockElements }
    let blocks = (left.repeated(unit / types.a.blockElements), right.repeated(unit / types.b.blockElements))
    var found = unsafe RangeOutcome(blocks.0.span.bytes, blocks.1.span.bytes, types, unit, bound, rounding(types))
    found.repeat(elements.count / unit)
    found.move(by: elements.lowerBound)
    outcome = found
    return true
  }

  /// Leaves the sums over `range` of A, whose bits are known to be the same in B, in `outcome.errors`.
  func measureSame(_ pair: (a: Int, b: Int), _ range: Range<Int>) {
    let dtype = types(pair).a
    outcome = RangeOutcome()
    func errors(_ bytes: RawSpan, _ elements: Int) -> ElementErrors {
      CompareErrors.errors(bytes, dtype, bytes, dtype, elements: elements)
    }
    do throws(ModelError) {
      if let block = try sessionA.repeatedBlock(of: pair.a, range) {
        outcome.errors = unsafe errors(block.span.bytes, dtype.blockElements).repeated(range.count / dtype.blockBytes)
      } else {
        outcome.errors = try sessionA.withBytes(of: pair.a, range) { errors($0, range.elements(dtype).count) }
      }
    } catch {
      outcome.failure = ReadFailure(path: a.path, error: error)
    }
    sessionA.release(of: pair.a, range)
  }

  private func rounding(_ types: (a: DType, b: DType)) -> Rounding? {
    guard types.a != types.b else { return nil }
    if let known = roundings[[types.a, types.b]] { return known }
    let rounding = Rounding(types.a, types.b)
    roundings[[types.a, types.b]] = .some(rounding)
    return rounding
  }

  private func types(_ pair: (a: Int, b: Int)) -> (a: DType, b: DType) {
    (a.catalog.tensors[pair.a].info.dtype, b.catalog.tensors[pair.b].info.dtype)
  }
}

extension Range<Int> {
  /// The elements that a range of bytes, whole blocks of `dtype`, holds.
  fileprivate func elements(_ dtype: DType) -> Range<Int> {
    (lowerBound / dtype.blockBytes * dtype.blockElements)..<(upperBound / dtype.blockBytes * dtype.blockElements)
  }

  /// The bytes of a range of elements, whole blocks of `dtype`.
  fileprivate func bytes(_ dtype: DType) -> Range<Int> {
    (lowerBound / dtype.blockElements * dtype.blockBytes)..<(upperBound / dtype.blockElements * dtype.blockBytes)
  }
}

extension [UInt8] {
  fileprivate func repeated(_ count: Int) -> [UInt8] { Array(repeatElement(self, count: count).joined()) }
}
