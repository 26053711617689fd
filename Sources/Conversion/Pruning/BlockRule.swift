import Kernels
import TensorModel

/// Zeroes whole blocks of a matrix.
struct BlockRule: PruningRule {
  let type: PrunedType
  let grid: BlockGrid
  /// The blocks that go.
  let zeroed: BitSet

  func prune(_ source: RawSpan, _ elements: Range<Int>, _ workspace: PruningWorkspace) {
    workspace.reserve(source.byteCount)
    PruneMagnitude.zero(source, upTo: 0, type.order, into: &workspace.pruned, at: 0)
    grid.matrix.forEachRow(in: elements) { row, columns in
      let firstBlock = row / grid.rows * grid.blocksAcross
      let rowStart = row * grid.matrix.columns - elements.lowerBound
      var column = columns.lowerBound
      while column < columns.upperBound {
        let end = min((column / grid.columns + 1) * grid.columns, columns.upperBound)
        if zeroed[firstBlock + column / grid.columns] {
          // Blocks that hold anything else are never chosen.
          let bytes = (rowStart + column) * type.width..<(rowStart + end) * type.width
          PruneMagnitude.zero(
            source.extracting(bytes), upTo: type.order.largestFinite, type.order, into: &workspace.pruned,
            at: bytes.lowerBound)
        }
        column = end
      }
    }
  }

  func tally(
    _ source: RawSpan, _ elements: Range<Int>, _ workspace: PruningWorkspace
  ) throws(ModelError) -> PruneTally { try tally(source, elements, workspace, type) }
}

/// A matrix in blocks, in rows of blocks from the top; blocks at the right and at the bottom may be smaller.
struct BlockGrid: Hashable, Sendable {
  let matrix: PruningMatrix
  /// Of one block.
  let rows: Int
  let columns: Int

  init(_ matrix: PruningMatrix, rows: Int, columns: Int) {
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

/// A fixed number of bits.
struct BitSet: Hashable, Sendable {
  private var words: [UInt64]

  init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

  subscript(index: Int) -> Bool { words[index / 64] >> UInt64(index % 64) & 1 == 1 }

  mutating func insert(_ index: Int) { words[index / 64] |= 1 << UInt64(index % 64) }
}
