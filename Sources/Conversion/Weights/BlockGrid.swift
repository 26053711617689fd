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

  /// Calls `body` for each run of `elements` that lies in one row of one block, counted from the first of `elements`.
  func forEachRun(in elements: Range<Int>, _ body: (_ block: Int, _ run: Range<Int>) -> Void) {
    matrix.forEachRow(in: elements) { row, columns in
      let firstBlock = row / rows * blocksAcross
      let rowStart = row * matrix.columns - elements.lowerBound
      var column = columns.lowerBound
      while column < columns.upperBound {
        let across = column / self.columns
        let end = min((across + 1) * self.columns, columns.upperBound)
        body(firstBlock + across, rowStart + column..<rowStart + end)
        column = end
      }
    }
  }

  /// Elements of the blocks of row `down` in the column of blocks `across`.
  func elements(down: Int, across: Int) -> Int {
    min(rows, matrix.rows - down * rows) * min(columns, matrix.columns - across * columns)
  }
}
