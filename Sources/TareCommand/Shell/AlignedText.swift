/// Cells under each other.
enum AlignedText {
  /// Columns are made no wider than this; what is longer pushes its own line only.
  private static let widest = 60

  /// Rows of cells as lines, columns two spaces apart.
  /// - Parameter rightAligned: the columns that are aligned to the right.
  static func rows(_ rows: [[String]], rightAligned: ClosedRange<Int>? = nil, indent: String) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { $0.indices.contains(column) ? min(widest, $0[column].count) : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.indices.map { column in
        let blanks = String(repeating: " ", count: max(0, widths[column] - row[column].count))
        return rightAligned?.contains(column) == true ? blanks + row[column] : row[column] + blanks
      }
      var line = indent + cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
