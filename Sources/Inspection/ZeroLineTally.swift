import Kernels
import TensorModel

/// Counts the zero rows and columns of one tensor from its chunks, given in order. Rows may straddle chunks.
/// Memory: one bit per column.
struct ZeroLineTally {
  let rows: Int
  let columns: Int
  private var zeroRows = 0
  private var openRow: (index: Int, isZero: Bool)?
  private var columnMap: ColumnMap?

  /// Nil for tensors of rank 0 and 1. An empty tensor has no rows or columns.
  init?(_ info: TensorInfo) {
    guard info.shape.count >= 2 else { return nil }
    rows = info.elementCount > 0 ? info.shape[0] : 0
    columns = info.elementCount > 0 ? info.elementCount / info.shape[0] : 0
    columnMap = columns <= ColumnMap.maximumColumns ? ColumnMap(columns: columns) : nil
  }

  /// Whether a scan of more chunks could still find something about columns.
  var wantsColumns: Bool { columnMap.map { !$0.isFull } ?? false }

  /// Adds elements of which all are zero, or none is.
  mutating func append(_ elements: Range<Int>, areZero: Bool) {
    append(ZeroRowRun(rows: elements.lowerBound / columns..<(elements.upperBound - 1) / columns + 1, isZero: areZero))
    if !areZero { columnMap?.insert(elements) }
  }

  /// Adds what a scanner found in the elements that come next.
  mutating func append(_ run: ZeroRowRun, nonZeroColumns: [ColumnRun]) {
    append(run)
    for run in nonZeroColumns { columnMap?.insert(run) }
  }

  private mutating func append(_ run: ZeroRowRun) {
    if let open = openRow, open.index == run.rows.lowerBound {
      openRow = (open.index, open.isZero && run.firstIsZero)
    } else {
      closeRow()
      openRow = (run.rows.lowerBound, run.firstIsZero)
    }
    guard run.rows.count > 1 else { return }
    closeRow()
    zeroRows += run.zeroRowsBetween
    openRow = (run.rows.upperBound - 1, run.lastIsZero)
  }

  private mutating func closeRow() {
    if openRow?.isZero == true { zeroRows += 1 }
    openRow = nil
  }

  /// The counts, after the last chunk.
  var result: ZeroLines {
    var closed = self
    closed.closeRow()
    return ZeroLines(
      rows: rows, columns: columns, zeroRows: closed.zeroRows, zeroColumns: columnMap.map { columns - $0.count })
  }
}

/// The set of columns that hold something but zeros.
struct ColumnMap {
  /// 16 MiB of bits; of wider matrices the columns are not counted.
  static let maximumColumns = 1 << 27

  private let columns: Int
  private(set) var count = 0
  /// Empty until the first column is added, and while all are there.
  private var words: [UInt64] = []

  init(columns: Int) { self.columns = columns }

  var isFull: Bool { count == columns }

  mutating func insert(_ run: ColumnRun) {
    guard !isFull else { return }
    makeRoom()
    for (index, word) in run.words.enumerated() { insert(word, at: run.firstWord + index) }
    if isFull { words = [] }
  }

  /// Adds the columns of `elements`, counted row by row.
  mutating func insert(_ elements: Range<Int>) {
    guard !isFull else { return }
    guard elements.count < columns else {
      count = columns
      words = []
      return
    }
    let first = elements.lowerBound % columns
    let end = min(columns, first + elements.count)
    insert(columns: first..<end)
    insert(columns: 0..<(elements.count - (end - first)))
  }

  private mutating func insert(columns range: Range<Int>) {
    guard !range.isEmpty, !isFull else { return }
    makeRoom()
    for index in range.lowerBound / 64...(range.upperBound - 1) / 64 {
      let inside = range.clamped(to: index * 64..<index * 64 + 64)
      insert((UInt64.max >> UInt64(64 - inside.count)) << UInt64(inside.lowerBound % 64), at: index)
    }
    if isFull { words = [] }
  }

  private mutating func insert(_ bits: UInt64, at index: Int) {
    count += (bits & ~words[index]).nonzeroBitCount
    words[index] |= bits
  }

  private mutating func makeRoom() {
    if words.isEmpty { words = [UInt64](repeating: 0, count: (columns + 63) / 64) }
  }
}
