/// A table of plain text that fits a width: cells of the first column are shortened in the middle, and columns of least
/// importance are left out, those of the same importance together.
struct TextTable {
  struct Column {
    var title: String
    var isRightAligned = true
    /// Columns of the lowest importance go first.
    var importance: Int
  }

  var columns: [Column]
  var rows: [[String]]
  var footer: [String]

  private static let gap = "  "
  /// The first column is made narrower than this only when no other column is left.
  private static let comfortableWidth = 24
  private static let smallestWidth = 8

  /// The lines: titles, a rule, rows, a rule, the footer. Trailing blanks are left out.
  func lines(width: Int, isColored: Bool = false) -> [String] {
    let (kept, widths) = layout(width)
    func line(_ cells: [String]) -> String {
      var line = ""
      for (position, column) in kept.enumerated() {
        if position > 0 { line += Self.gap }
        line.append(cells[column], paddedTo: widths[position], right: columns[column].isRightAligned)
      }
      return line.trimmingTrailingBlanks
    }
    func strong(_ text: String) -> String { isColored ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    let rule = String(repeating: "─", count: widths.reduce(0, +) + Self.gap.count * (widths.count - 1))
    return [strong(line(columns.map(\.title))), rule] + rows.map(line) + [rule, strong(line(footer))]
  }

  /// The columns that stay, and their widths.
  private func layout(_ width: Int) -> (columns: [Int], widths: [Int]) {
    let natural = columns.indices.map { column in
      rows.reduce(max(columns[column].title.displayWidth, footer[column].displayWidth)) {
        max($0, $1[column].displayWidth)
      }
    }
    var kept = Array(columns.indices)
    while true {
      let others = kept.dropFirst().reduce(0) { $0 + natural[$1] + Self.gap.count }
      if width - others >= min(natural[0], Self.comfortableWidth) || kept.count == 1 {
        let first = max(Self.smallestWidth, min(natural[0], width - others))
        return (kept, [first] + kept.dropFirst().map { natural[$0] })
      }
      let least = kept.dropFirst().map { columns[$0].importance }.min()
      kept.removeAll { $0 > 0 && columns[$0].importance == least }
    }
  }
}

extension String {
  /// Columns of a terminal that the text fills: two for East Asian wide characters and emoji.
  var displayWidth: Int {
    utf8Span.isKnownASCII ? utf8.count : reduce(0) { $0 + $1.displayWidth }
  }

  /// The text, or its beginning and end around `…`, in at most `width` columns.
  func shortened(to width: Int) -> String {
    guard displayWidth > width else { return self }
    guard width > 1 else { return width == 1 ? "…" : "" }
    let head = prefix(columns: width / 2)
    let tail = String(reversed()).prefix(columns: width - 1 - width / 2).reversed()
    return head + "…" + String(tail)
  }

  /// The text, or its beginning before `…`, in at most `width` columns.
  func cut(to width: Int) -> String {
    displayWidth <= width ? self : prefix(columns: max(0, width - 1)) + "…"
  }

  private func prefix(columns: Int) -> String {
    var left = columns
    return String(
      prefix {
        left -= $0.displayWidth
        return left >= 0
      })
  }

  /// Appends a cell of that width.
  fileprivate mutating func append(_ cell: String, paddedTo width: Int, right: Bool) {
    let fits = cell.displayWidth <= width
    let cell = fits ? cell : cell.shortened(to: width)
    let blanks = String(repeating: " ", count: max(0, width - cell.displayWidth))
    self += right ? blanks : cell
    self += right ? cell : blanks
  }

  fileprivate var trimmingTrailingBlanks: String {
    var text = self
    while text.utf8.last == UInt8(ascii: " ") { text.unicodeScalars.removeLast() }
    return text
  }
}

extension Character {
  fileprivate var displayWidth: Int {
    switch unicodeScalars.first?.value ?? 0 {
    case 0x1100..<0x1160, 0x2E80..<0xA4D0, 0xAC00..<0xD7A4, 0xF900..<0xFB00, 0xFE30..<0xFE70, 0xFF00..<0xFF61,
      0xFFE0..<0xFFE7, 0x1F300..<0x1F650, 0x1F900..<0x1FA00, 0x20000..<0x3FFFE:
      2
    default: 1
    }
  }
}
