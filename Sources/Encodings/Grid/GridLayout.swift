public import Kernels

/// How elements lie on a grid: the parameters of `grid` (`formats/encodings/grid.md`).
public struct GridLayout: Hashable, Sendable {
  public var kind: GridKind
  /// Elements of a row of the matrix that groups are blocks of.
  public var row: Int
  /// Rows and columns of a group; 0 for all.
  public var groupRows: Int
  public var groupColumns: Int
  /// Whether scales divide levels rather than multiply them.
  public var divides = false
  /// Whether there is a correction for each group and level.
  public var corrects = false
  /// Whether there is an offset for each group.
  public var hasOffsets = false

  public init(kind: GridKind, row: Int, groupRows: Int, groupColumns: Int) {
    self.kind = kind
    self.row = row
    self.groupRows = groupRows
    self.groupColumns = groupColumns
  }

  static let largestExtent = 1 << 48

  /// The groups that elements `range` of a tensor lie in.
  struct Groups: Equatable {
    /// Blocks of rows, from 0 on.
    let rowBlocks: Range<Int>
    let columnBlocks: Range<Int>
    /// As many as can be counted, where a file claims more.
    var count: Int {
      let (count, overflow) = rowBlocks.count.multipliedReportingOverflow(by: columnBlocks.count)
      return overflow ? .max : count
    }
  }

  func groups(of range: Range<Int>) -> Groups {
    let (first, last) = (range.lowerBound / row, (range.upperBound - 1) / row)
    let rowBlocks = groupRows == 0 ? 0..<1 : (first / groupRows)..<(last / groupRows + 1)
    if groupColumns == 0 { return Groups(rowBlocks: rowBlocks, columnBlocks: 0..<1) }
    if first == last {
      let (from, to) = (range.lowerBound - first * row, range.upperBound - 1 - first * row)
      return Groups(rowBlocks: rowBlocks, columnBlocks: (from / groupColumns)..<(to / groupColumns + 1))
    }
    return Groups(rowBlocks: rowBlocks, columnBlocks: 0..<((row - 1) / groupColumns + 1))
  }

  /// Calls `body` with each run of elements of group `number` of `groups`, in order, as ranges that count from the first
  /// element of `range`.
  @inline(__always)
  func forEachRun<Failure>(
    of number: Int, in groups: Groups, of range: Range<Int>, _ body: (Range<Int>) throws(Failure) -> Void
  ) throws(Failure) {
    let rowBlock = groups.rowBlocks.lowerBound + number / groups.columnBlocks.count
    let columnBlock = groups.columnBlocks.lowerBound + number % groups.columnBlocks.count
    let (first, last) = (range.lowerBound / row, (range.upperBound - 1) / row)
    // Within the first and the last row, so nothing here overflows.
    let rows =
      groupRows == 0 ? first...last : max(first, rowBlock * groupRows)...min(last, rowBlock * groupRows + groupRows - 1)
    if groupColumns == 0 {
      let start = max(rows.lowerBound * row, range.lowerBound)
      let end = min((rows.upperBound + 1) * row, range.upperBound)
      return try body((start - range.lowerBound)..<(end - range.lowerBound))
    }
    let columns = (columnBlock * groupColumns)..<min((columnBlock + 1) * groupColumns, row)
    for number in rows {
      let start = max(number * row + columns.lowerBound, range.lowerBound)
      let end = min(number * row + columns.upperBound, range.upperBound)
      if start < end { try body((start - range.lowerBound)..<(end - range.lowerBound)) }
    }
  }
}
