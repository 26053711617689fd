import Containers
import Kernels
import TensorModel

/// Counts the distinct elements of a tensor exactly, reading it as often as it takes to do so in 64 MiB.
enum DistinctCount {
  /// - Parameter estimate: about how many there are.
  static func count(_ session: any TensorSession, _ part: InspectionPlan.Part, estimate: Int) throws(ModelError) -> Int
  {
    let set = WordSet(words: estimate + estimate / 4)
    var ranges = ranges(estimate)
    var count = 0
    while let range = ranges.popLast() {
      set.removeAll()
      if try insert(session, part, range, into: set) {
        count += set.count
      } else {
        let middle = range.lowerBound + (range.upperBound - range.lowerBound) / 2
        ranges += [range.lowerBound...middle, middle + 1...range.upperBound]
      }
    }
    return count
  }

  /// Ranges of hashes, each of which holds about three quarters of what fits.
  private static func ranges(_ estimate: Int) -> [ClosedRange<UInt64>] {
    let passes = UInt64(estimate / (WordSet.largestCapacity / 4 * 3) + 1)
    let span = UInt64.max / passes
    return (0..<passes).map { $0 * span...($0 == passes - 1 ? .max : ($0 + 1) * span - 1) }
  }

  /// - Returns: whether all fitted.
  private static func insert(
    _ session: any TensorSession, _ part: InspectionPlan.Part, _ range: ClosedRange<UInt64>, into set: WordSet
  ) throws(ModelError) -> Bool {
    let widening = BlockWidening()
    for chunk in 0..<part.grid.count {
      let bytes = part.grid.bytes(ofChunk: chunk)
      let fits = try session.withBytes(of: part.tensor, bytes) { span throws(ModelError) in
        guard let type = part.info.dtype.blockType else {
          return set.insert(span, width: part.info.dtype.blockBytes, in: range)
        }
        var fits = true
        widening.forEachPiece(of: span, type) { (numbers, _) in
          fits = fits && set.insert(numbers, width: part.info.dtype.numbers.blockBytes, in: range)
        }
        return fits
      }
      session.release(of: part.tensor, bytes)
      guard fits else { return false }
    }
    return true
  }
}
