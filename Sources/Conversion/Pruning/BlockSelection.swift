import Kernels
import TensorModel

/// Finds the blocks of a matrix that go: those of the smallest mean square, which orders whole blocks as their L2 norms do
/// and lets smaller ones at the edges compete. Blocks that hold a NaN or an infinity stay.
///
/// The tensor is read once where it has at most `heldBlocks` blocks, else five times.
struct BlockSelection {
  let walk: TensorWalk
  let grid: BlockGrid

  /// Keys that are kept in memory rather than computed again.
  static let heldBlocks = 1 << 20
  /// One row of blocks is summed at once.
  static let mostBlocksAcross = 1 << 20

  /// The `count` blocks of the smallest keys, of equal ones those of the lower number.
  func zeroed(_ count: Int) throws(ModelError) -> BitSet {
    var result = BitSet(count: grid.count)
    guard count > 0 else { return result }
    var held: [UInt64] = []
    if grid.count <= Self.heldBlocks {
      held.reserveCapacity(grid.count)
      try forEachRowOfBlocks { held += $0 }
    }
    var selection = RadixSelection(keyBits: 64, rank: count)
    repeat {
      try visit(held) { selection.count($0, $0.count) }
    } while !selection.advance()
    var number = 0
    var ties = selection.ties.taken
    try visit(held) { keys in
      for key in keys {
        if key != .max, key < selection.key || key == selection.key && ties > 0 {
          result.insert(number)
          if key == selection.key { ties -= 1 }
        }
        number += 1
      }
    }
    return result
  }

  private func visit(_ held: [UInt64], _ body: ([UInt64]) -> Void) throws(ModelError) {
    if held.isEmpty { try forEachRowOfBlocks(body) } else { body(held) }
  }

  /// Lends the keys of the blocks, a row of blocks at a time.
  private func forEachRowOfBlocks(_ body: ([UInt64]) -> Void) throws(ModelError) {
    let matrix = grid.matrix
    var sums = [Double](repeating: 0, count: grid.blocksAcross)
    let rowsAtOnce = max(1, TensorWalk.pieceElements / matrix.columns)
    for row in stride(from: 0, to: matrix.rows, by: rowsAtOnce) {
      let rows = row..<min(row + rowsAtOnce, matrix.rows)
      for column in stride(from: 0, to: matrix.columns, by: TensorWalk.pieceElements) {
        let end = min(column + TensorWalk.pieceElements, matrix.columns)
        let elements = rows.lowerBound * matrix.columns + column..<(rows.upperBound - 1) * matrix.columns + end
        try walk.read(elements) { (bytes) throws(ModelError) in
          add(bytes, elements, to: &sums, whole: body)
        }
      }
    }
  }

  /// Adds elements to the sums of their row of blocks, and lends the keys of each that is complete.
  private func add(_ bytes: RawSpan, _ elements: Range<Int>, to sums: inout [Double], whole: ([UInt64]) -> Void) {
    let matrix = grid.matrix
    matrix.forEachRow(in: elements) { row, columns in
      let start = (row * matrix.columns + columns.lowerBound - elements.lowerBound) * walk.type.width
      walk.type.widening.addSquares(
        bytes.extracting(start..<start + columns.count * walk.type.width), column: columns.lowerBound,
        blockColumns: grid.columns, to: &sums)
      guard columns.upperBound == matrix.columns, row % grid.rows == grid.rows - 1 || row == matrix.rows - 1 else {
        return
      }
      whole(sums.indices.map { key(sums[$0], grid.elements(down: row / grid.rows, across: $0)) })
      for index in sums.indices { sums[index] = 0 }
    }
  }

  private func key(_ sum: Double, _ count: Int) -> UInt64 {
    sum.isFinite ? (sum / Double(count)).bitPattern : .max
  }
}
