import Kernels
import TensorModel

/// The Euclidean norms of the rows and columns of the matrix as which a tensor is seen (see `ZeroLines`), taken over the
/// finite values.
public struct LineNorms: Hashable, Sendable {
  public let rows: NormSummary
  /// Nil where the matrix has more than `mostColumns` columns, which are not added up.
  public let columns: NormSummary?

  public static let mostColumns = 65536
}

/// Some norms in short.
public struct NormSummary: Hashable, Sendable {
  public let minimum: Double
  /// The smallest norm such that half of them are no larger; of rows to a relative 2^-10.
  public let median: Double
  public let maximum: Double
}

/// Puts together the norms of one tensor from its chunks, given in order. Rows may straddle chunks. Memory: a number per
/// column, and the counts of row norms.
struct NormTally {
  private let rowCount: Int
  private var openRow: (index: Int, sum: Double)?
  private var rows = PatternTally()
  private var least = Double.infinity
  private var largest = -Double.infinity
  private var columns: [Double]
  /// Whether a chunk did not tell.
  private var isMissing = false

  /// The columns of the matrix, where a tensor has norms: real numbers, and more than one row and one column.
  static func columns(_ info: TensorInfo) -> Int? {
    switch info.dtype.values {
    case .complex, .opaque: nil
    default: info.matrixColumns.flatMap { $0 > 1 && info.shape[0] > 1 ? $0 : nil }
    }
  }

  /// Nil where a tensor has no norms.
  init?(_ info: TensorInfo) {
    guard let count = Self.columns(info) else { return nil }
    rowCount = info.shape[0]
    columns = count <= LineNorms.mostColumns ? [Double](repeating: 0, count: count) : []
  }

  /// - Parameter found: nil where the chunk does not tell.
  mutating func append(_ found: LineSquares?) {
    guard let found else {
      isMissing = true
      return
    }
    for column in found.columns.indices { columns[column] += found.columns[column] }
    if let open = openRow, open.index == found.rows.lowerBound {
      openRow = (open.index, open.sum + found.first)
    } else {
      closeRow()
      openRow = (found.rows.lowerBound, found.first)
    }
    guard found.rows.count > 1 else { return }
    closeRow()
    rows.add(found.between)
    least = min(least, found.leastBetween)
    largest = max(largest, found.largestBetween)
    openRow = (found.rows.upperBound - 1, found.last)
  }

  private mutating func closeRow() {
    guard let sum = openRow?.sum else { return }
    rows.add([PatternCount(pattern: ValuePrefix.prefix(of: sum), count: 1)])
    least = min(least, sum)
    largest = max(largest, sum)
    openRow = nil
  }

  /// The norms, after the last chunk.
  var result: LineNorms? {
    guard !isMissing else { return nil }
    var closed = self
    closed.closeRow()
    return LineNorms(rows: closed.rowSummary, columns: columnSummary)
  }

  private var rowSummary: NormSummary {
    var below = 0
    let middle = rows.sorted.first { entry in
      below += entry.count
      return below >= (rowCount + 1) / 2
    }
    // A sum that left the doubles has no middle.
    let median = middle.flatMap { ValuePrefix.representative($0.pattern, of: .f64) } ?? largest
    return NormSummary(
      minimum: least.squareRoot(), median: min(max(median, least), largest).squareRoot(),
      maximum: largest.squareRoot())
  }

  private var columnSummary: NormSummary? {
    guard !columns.isEmpty else { return nil }
    let sums = columns.sorted()
    return NormSummary(
      minimum: sums[0].squareRoot(), median: sums[(sums.count - 1) / 2].squareRoot(),
      maximum: sums[sums.count - 1].squareRoot())
  }
}
