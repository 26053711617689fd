import Kernels
import TensorModel

/// Zeroes the elements below a magnitude, and those of that magnitude up to a place.
struct MagnitudeCut: PruningRule {
  let type: WeightType
  /// The magnitude at the cut, as bits of the tensor's type.
  let magnitude: UInt64
  /// Elements of that magnitude become zero before this index.
  let end: Int

  func apply(_ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace) {
    workspace.reserve(source.byteCount)
    forEachPart(of: elements) { part, limit in
      let bytes =
        (part.lowerBound - elements.lowerBound) * type.width..<(part.upperBound - elements.lowerBound) * type.width
      PruneMagnitude.zero(
        source.extracting(bytes), upTo: limit, type.order, into: &workspace.output, at: bytes.lowerBound)
    }
  }

  func tally(_ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace) -> PruneTally {
    var result = PruneTally()
    forEachPart(of: elements) { part, limit in
      let bytes =
        (part.lowerBound - elements.lowerBound) * type.width..<(part.upperBound - elements.lowerBound) * type.width
      result.add(type.widening.tally(source.extracting(bytes), zeroedUpTo: type.order.value(of: limit)))
    }
    return result
  }

  /// Calls `body` for the elements before `end` and for those behind it, with the largest magnitude that becomes zero.
  private func forEachPart(of elements: Range<Int>, _ body: (Range<Int>, UInt64) -> Void) {
    let end = min(max(end, elements.lowerBound), elements.upperBound)
    let limits = [
      (elements.lowerBound..<end, magnitude), (end..<elements.upperBound, magnitude == 0 ? 0 : magnitude - 1),
    ]
    for (part, limit) in limits where !part.isEmpty { body(part, limit) }
  }
}
