import Encodings
import TensorModel

extension TensorPlanner {
  private static let pieceBytes = 128 << 10
  private static let longestPieceBytes = 1 << 20
  /// Bands of the largest groups in a piece.
  private static let bands = 2

  /// The groups of neighbours, along rows or across them, of which a piece of the tensor keeps as many.
  func groups(
    _ info: TensorInfo, _ window: Range<Int>, _ element: ElementType, _ workspace: EncodingWorkspace, _ bytes: Lend
  ) throws(ModelError) -> GroupFinding? {
    guard effort.level > 1, info.shape.count >= 2, info.elementCount > 0, info.dtype.blockElements == 1 else {
      return nil
    }
    // Elements that lie next to each other along a dimension are a row of the dimensions behind it apart.
    var apart: [Int] = []
    var inner = 1
    for dimension in info.shape.dropFirst().reversed() {
      inner *= dimension
      if inner > 1, 8 * Self.bands * inner * element.width <= Self.longestPieceBytes, !apart.contains(inner) {
        apart.append(inner)
      }
    }
    let whole = max(apart.max() ?? 0, info.rowElements) * element.width
    guard whole <= Self.longestPieceBytes, window.count >= whole else { return nil }
    let count = min(max(Self.pieceBytes, 8 * Self.bands * whole), Self.longestPieceBytes, window.count) / whole * whole
    let start = min((window.lowerBound + window.upperBound - count) / 2 / whole * whole, window.upperBound - count)
    guard start >= window.lowerBound, start % whole == 0 else { return nil }
    var found: GroupFinding?
    try bytes(start..<(start + count)) { (span) throws(ModelError) in
      found = GroupFinding.find(
        span, at: start / element.width, of: element, along: info.rowElements, across: apart, workspace)
    }
    return found
  }
}
