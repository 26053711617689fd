import TensorModel

/// A weight as pruning and quantising see it: a matrix of one row for each output.
///
/// Weights are [output, input]; convolutions [output, input, kernel…] have the inputs and the kernel in one row, one kernel
/// after the other. Stacks of matrices, as experts have them, are [expert, output, input]: rank 3 with a name that says
/// `expert` or `exps`. Ranks 0 and 1 are one row.
struct WeightMatrix: Hashable, Sendable {
  let rows: Int
  let columns: Int
  /// Elements between two inputs of one row: those of one kernel; 1 where there is none.
  let stride: Int

  /// - Precondition: the tensor isn't empty.
  init(_ info: TensorInfo) {
    precondition(info.elementCount > 0)
    let isStack = info.shape.count == 3 && Self.namesExperts(info.name)
    switch info.shape.count {
    case 0, 1: columns = info.elementCount
    case _ where isStack: columns = info.shape[2]
    default: columns = info.elementCount / info.shape[0]
    }
    rows = info.elementCount / columns
    stride = info.shape.count <= 2 || isStack ? 1 : columns / info.shape[1]
  }

  private static func namesExperts(_ name: String) -> Bool {
    let name = name.lowercased()
    return name.contains("expert") || name.contains("exps")
  }

  var elementCount: Int { rows * columns }

  /// Calls `body` for each row that `elements` touches, with the columns that lie in it.
  func forEachRow<Failure: Error>(
    in elements: Range<Int>, _ body: (_ row: Int, _ columns: Range<Int>) throws(Failure) -> Void
  ) throws(Failure) {
    guard !elements.isEmpty else { return }
    for row in (elements.lowerBound / columns)...((elements.upperBound - 1) / columns) {
      let part = (row * columns..<(row + 1) * columns).clamped(to: elements)
      try body(row, part.lowerBound - row * columns..<part.upperBound - row * columns)
    }
  }
}
