import Kernels
import TensorModel

/// Zeroes all but the largest magnitudes, or scores, of each group along the inputs.
///
/// A group is M consecutive inputs that meet one output, and in a convolution one place of the kernel, as the sparse matrix
/// units of hardware want them. Inputs left over at the end of a row stay as they are.
struct GroupRule: PruningRule {
  let type: WeightType
  let matrix: WeightMatrix
  let groups: PruneGroups
  /// Where groups are compared by scores.
  let norms: TensorNorms?

  init(_ type: WeightType, _ matrix: WeightMatrix, kept: Int, of size: Int, norms: TensorNorms?) {
    self.type = type
    self.matrix = matrix
    groups = PruneGroups(kept: kept, of: size, stride: matrix.stride)
    self.norms = norms
  }

  /// Whether rows have inputs that fill no group.
  var hasTail: Bool { groupedColumns < matrix.columns }

  /// The columns that lie in groups.
  private var groupedColumns: Int { matrix.columns / groups.unit * groups.unit }

  func context(of elements: Range<Int>) -> Range<Int> {
    guard !elements.isEmpty else { return elements }
    let first = position(of: elements.lowerBound)
    let last = position(of: elements.upperBound - 1)
    let start = first.column / groups.unit * groups.unit
    let end = min((last.column / groups.unit + 1) * groups.unit, matrix.columns)
    return first.row * matrix.columns + start..<last.row * matrix.columns + end
  }

  private func position(of element: Int) -> (row: Int, column: Int) {
    let (row, column) = element.quotientAndRemainder(dividingBy: matrix.columns)
    return (row, column)
  }

  func apply(_ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace) throws(ModelError) {
    workspace.reserve(source.byteCount)
    PruneMagnitude.zero(source, upTo: 0, type.order, into: &workspace.output, at: 0)
    try norms?.load(into: workspace)
    matrix.forEachRow(in: elements) { row, columns in
      let offset = (row * matrix.columns + columns.lowerBound - elements.lowerBound) * type.width
      let count = min(columns.upperBound, groupedColumns) - columns.lowerBound
      guard count > 0 else { return }
      guard norms != nil else {
        return groups.zero(count, type.order, in: &workspace.output, at: offset)
      }
      workspace.keys.grow(to: count)
      type.widening.scores(
        source.extracting(offset..<offset + count * type.width), norms: workspace.norms.values,
        column: columns.lowerBound, into: &workspace.keys, at: 0)
      groups.zero(count, by: workspace.keys, width: type.width, in: &workspace.output, at: offset)
    }
  }

  func tally(
    _ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace
  ) throws(ModelError) -> PruneTally { try tally(source, elements, workspace, type) }
}
