import TensorModel

/// Two models side by side, as text for a terminal or as Markdown.
public enum ContrastTable {
  /// - Parameter width: columns of the terminal, which lines do not pass; at least 40 are used.
  public static func text(_ contrast: ModelContrast, width: Int, isColored: Bool = false) -> String {
    let width = max(40, width)
    let lines =
      heading(contrast).map { $0.cut(to: width) } + [""]
      + table(contrast).lines(width: width, isColored: isColored)
    return lines.map { $0 + "\n" }.joined()
  }

  /// With every column.
  public static func markdown(_ contrast: ModelContrast) -> String {
    let heading = heading(contrast).map(\.escapedForMarkdown)
    return (heading.map { "- " + $0 } + [""] + table(contrast).markdown).map { $0 + "\n" }.joined()
  }

  private static func heading(_ contrast: ModelContrast) -> [String] {
    let models = [("A", contrast.a), ("B", contrast.b)].map { letter, model in
      "\(letter): \(model.path.escapedForDisplay) (\(model.format), \(Readable.bytes(model.byteCount)))"
    }
    let missing = [("A", contrast.rows.count { $0.b == nil }), ("B", contrast.rows.count { $0.a == nil })]
      .filter { $0.1 > 0 }.map { "\(Readable.grouped($0.1)) only in \($0.0)" }
    return models + (missing.isEmpty ? [] : [missing.joined(separator: ", ")])
  }

  private static func table(_ contrast: ModelContrast) -> TextTable {
    let fields = ContrastField.allCases.filter { !contrast.a.isHeaderOnly || !$0.needsData }
    let title = contrast.a.grouping == .layer ? "layer" : "name"
    let columns = [
      TextTable.Column(title: title, isRightAligned: false, importance: 100),
      TextTable.Column(title: "dtype", isRightAligned: false, importance: 97),
    ]
    func cells(_ row: ModelContrast.Row) -> [String] {
      [row.name.escapedForDisplay, dtypes(row)]
        + fields.flatMap { field in [row.a.map(field.cell) ?? "–", row.b.map(field.cell) ?? "–"] }
    }
    return TextTable(
      columns: columns
        + fields.flatMap { field in
          ["A", "B"].map { TextTable.Column(title: "\(field.rawValue) \($0)", importance: field.importance) }
        },
      rows: contrast.rows.map(cells), footer: cells(contrast.totals))
  }

  /// `F32`, or `F32→BF16` where that differs.
  private static func dtypes(_ row: ModelContrast.Row) -> String {
    guard let a = row.a?.dtype, let b = row.b?.dtype else { return row.a?.dtype ?? row.b?.dtype ?? "" }
    return a == b ? a : "\(a)→\(b)"
  }
}

/// What is shown of both models, from left to right.
private enum ContrastField: String, CaseIterable {
  case size, zeros, maximum = "max", deviation = "std", entropy = "bits", packed

  var needsData: Bool { self != .size }

  var importance: Int {
    switch self {
    case .zeros: 99
    case .size: 98
    case .deviation: 96
    case .packed: 95
    case .maximum: 94
    case .entropy: 93
    }
  }

  func cell(_ row: ReportRow) -> String {
    switch self {
    case .size: Readable.bytes(row.byteCount)
    case .zeros: row.values.map { Readable.share($0.zeros, of: $0.elementCount) } ?? ""
    case .maximum: Metric.maximum.value(of: row).map { Readable.number($0.asDouble) } ?? ""
    case .deviation: Metric.deviation.value(of: row).map { Readable.number($0.asDouble) } ?? ""
    case .entropy: row.entropyBits.map { Readable.decimal(hundredths: $0) } ?? ""
    case .packed: row.packed.map { Readable.bytes($0.byteCount) } ?? ""
    }
  }
}
