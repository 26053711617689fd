/// A matrix in blocks, in rows of blocks from the top; blocks at the right and at the bottom may be smaller.
struct BlockGrid: Hashable, Sendable {
  let matrix: WeightMatrix
  /// Of one block.
  let rows: Int
  let columns: Int

  init(_ matrix: WeightMatrix, rows: Int, columns: Int) {
    self.matrix = matrix
    self.rows = min(rows, matrix.rows)
    self.columns = min(columns, matrix.columns)
  }

  var blocksAcross: Int { (matrix.columns - 1) / columns + 1 }
  var blocksDown: Int { (matrix.rows - 1) / rows + 1 }
  /// At most the elements of the matrix.
  var count: Int { blocksAcross * blocksDown }

  /// Elements of the blocks of row `down` in the column of blocks `across`.
  func elements(down: Int, across: Int) -> Int {
    min(rows, matrix.rows - down * rows) * min(columns, matrix.columns - across * columns)
  }
}
