import Kernels
import TensorModel

/// Zeroes a share of each row: the elements of the smallest scores |w| · ‖x‖, equal scores in the order of the columns.
struct RowScoreRule: PruningRule {
  let type: WeightType
  let matrix: WeightMatrix
  /// How many elements of a row go.
  let count: Int
  let norms: TensorNorms

  func context(of elements: Range<Int>) -> Range<Int> {
    guard !elements.isEmpty else { return elements }
    let rows = elements.lowerBound / matrix.columns...(elements.upperBound - 1) / matrix.columns
    return rows.lowerBound * matrix.columns..<(rows.upperBound + 1) * matrix.columns
  }

  func apply(_ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace) throws(ModelError) {
    workspace.reserve(source.byteCount)
    PruneMagnitude.zero(source, upTo: 0, type.order, into: &workspace.output, at: 0)
    try norms.load(into: workspace)
    workspace.keys.grow(to: matrix.columns)
    let rowBytes = matrix.columns * type.width
    for offset in stride(from: 0, to: source.byteCount, by: rowBytes) {
      type.widening.scores(
        source.extracting(offset..<offset + rowBytes), norms: workspace.norms.values, column: 0,
        into: &workspace.keys, at: 0)
      PruneKeys.zero(
        count, of: matrix.columns, by: workspace.keys, width: type.width, in: &workspace.output, at: offset)
    }
  }

  func tally(
    _ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace
  ) throws(ModelError) -> PruneTally { try tally(source, elements, workspace, type) }
}
