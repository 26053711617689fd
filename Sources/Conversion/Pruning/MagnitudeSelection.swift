import Kernels
import TensorModel

/// Finds the cut of one tensor by magnitude.
///
/// The tensor is read once for types of at most 16 bits, twice for f32, four times for f64; and up to the last element that
/// goes once more where only some of equal magnitude do.
struct MagnitudeSelection {
  let walk: TensorWalk

  /// The cut that zeroes the `count` smallest elements: of equal ones those of the lower index. Elements that are not
  /// finite stay, so that fewer may go.
  /// - Returns: also what becomes of all elements, where one reading has counted each magnitude.
  func cut(zeroing count: Int) throws(ModelError) -> (cut: MagnitudeCut, tally: PruneTally?) {
    let order = walk.type.order
    guard count > 0 else { return (MagnitudeCut(type: walk.type, magnitude: 0, end: 0), nil) }
    var selection = RadixSelection(keyBits: order.keyBits, rank: count)
    repeat {
      try walk.forEachPiece { (bytes, _) throws(ModelError) in PruneMagnitude.count(bytes, order, in: &selection) }
    } while !selection.advance()
    let tally =
      order.keyBits <= 16
      ? PruneTally(counts: selection.counts, order, zeroedUpTo: selection.key, taken: selection.ties.taken) : nil
    guard selection.key <= order.largestFinite else {
      return (MagnitudeCut(type: walk.type, magnitude: order.largestFinite, end: walk.info.elementCount), tally)
    }
    let end = try end(selection.ties, of: selection.key)
    return (MagnitudeCut(type: walk.type, magnitude: selection.key, end: end), tally)
  }

  private func end(_ ties: (taken: Int, all: Int), of magnitude: UInt64) throws(ModelError) -> Int {
    // All zeros become +0 anyway.
    guard ties.taken < ties.all, magnitude > 0 else { return walk.info.elementCount }
    return try end(after: ties.taken, of: magnitude)
  }

  /// The index behind the first `count` elements of that magnitude, of which there are as many.
  /// - Parameter count: at least 1.
  func end(after count: Int, of magnitude: UInt64) throws(ModelError) -> Int {
    var left = count
    var start = 0
    while start < walk.info.elementCount {
      let elements = start..<start + min(TensorWalk.pieceElements, walk.info.elementCount - start)
      let found = try walk.read(elements) { (bytes) throws(ModelError) in
        PruneMagnitude.index(of: magnitude, number: left - 1, in: bytes, walk.type.order)
      }
      if let index = found.index { return start + index + 1 }
      left -= found.passed
      start = elements.upperBound
    }
    throw ModelError(.inputOutput, "the tensor changed while it was read")
  }
}
