import Kernels
import TensorModel

/// Two models side by side: rows of the same name, and those that only one of them has.
public struct ModelContrast: Sendable {
  /// A tensor or layer of either model or of both.
  struct Row: Sendable {
    var name: String
    var a: ReportRow?
    var b: ReportRow?
  }

  public let a: ModelReport
  public let b: ModelReport
  /// In the order of `a`; what only `b` has comes last, in its order. None for `--group model`.
  let rows: [Row]
  let totals: Row

  /// - Precondition: both were inspected with the same options.
  public init(_ a: ModelReport, _ b: ModelReport) {
    precondition(a.grouping == b.grouping && a.isHeaderOnly == b.isHeaderOnly)
    self.a = a
    self.b = b
    totals = Row(name: "total", a: ReportRow(a.totals), b: ReportRow(b.totals))
    guard a.grouping != .model else {
      rows = []
      return
    }
    // By bytes: names that look alike are different names.
    let mine = a.rows.map { (key: Array($0.name.utf8), row: $0) }
    let theirs = b.rows.map { (key: Array($0.name.utf8), row: $0) }
    let byName = Dictionary(theirs.map { ($0.key, $0.row) }) { first, _ in first }
    let known = Set(mine.map(\.key))
    rows =
      mine.map { Row(name: $0.row.name, a: $0.row, b: byName[$0.key]) }
      + theirs.filter { !known.contains($0.key) }.map { Row(name: $0.row.name, a: nil, b: $0.row) }
  }

  var metrics: [Metric] { InspectionCSV.metrics(a.grouping, isHeaderOnly: a.isHeaderOnly) }
  var totalMetrics: [Metric] { InspectionCSV.metrics(.model, isHeaderOnly: a.isHeaderOnly) }
}

extension ModelContrast.Row {
  /// `both`, or the model that alone has it: `a`, `b`.
  var whereabouts: String { a == nil ? "b" : b == nil ? "a" : "both" }

  func values(_ metric: Metric) -> (a: ExactNumber?, b: ExactNumber?) {
    (a.flatMap { metric.value(of: $0) }, b.flatMap { metric.value(of: $0) })
  }

  /// What `b` has more than `a`; nil where one of them lacks it.
  func change(_ metric: Metric) -> ExactNumber? {
    guard case (let a?, let b?) = values(metric) else { return nil }
    if case .signed(let mine) = a, case .signed(let theirs) = b {
      let (difference, overflow) = theirs.subtractingReportingOverflow(mine)
      if !overflow { return .signed(difference) }
    }
    return .floating(b.asDouble - a.asDouble)
  }
}

extension ModelContrast {
  /// One line for each row that both or one of the models have: each metric of `a` and of `b`, and the change.
  public var csv: String {
    let metrics = a.grouping == .model ? totalMetrics : metrics
    let label = a.grouping == .layer ? "layer" : "name"
    var lines = [
      [label, "in", "dtype_a", "dtype_b"]
        + metrics.flatMap { key in
          [key.rawValue + "_a", key.rawValue + "_b", key.rawValue + "_change"]
        }
    ]
    for row in a.grouping == .model ? [totals] : rows {
      lines.append(
        [row.name, row.whereabouts, row.a?.dtype ?? "", row.b?.dtype ?? ""]
          + metrics.flatMap { metric in
            let values = row.values(metric)
            return [values.a?.text ?? "", values.b?.text ?? "", row.change(metric)?.text ?? ""]
          })
    }
    return lines.csv
  }

  /// Writes the key `comparison`.
  func write(to json: inout JSONText) {
    json.object("comparison") { json in
      json.string("a", a.path)
      json.string("b", b.path)
      json.object("totals") { json in
        for metric in totalMetrics { write(totals, metric, to: &json) }
      }
      guard a.grouping != .model else { return }
      json.array(a.grouping == .layer ? "layers" : "tensors") { json in
        for row in rows { json.object { write(row, to: &$0) } }
      }
    }
  }

  private func write(_ row: Row, to json: inout JSONText) {
    json.string(a.grouping == .layer ? "layer" : "name", row.name)
    json.string("in", row.whereabouts)
    json.object("dtype") { json in
      json.optional("a", row.a?.dtype) { $0.string($1, $2) }
      json.optional("b", row.b?.dtype) { $0.string($1, $2) }
    }
    for metric in metrics { write(row, metric, to: &json) }
  }

  private func write(_ row: Row, _ metric: Metric, to json: inout JSONText) {
    let values = row.values(metric)
    json.object(metric.rawValue) { json in
      json.optional("a", values.a, InspectionJSON.write)
      json.optional("b", values.b, InspectionJSON.write)
      json.optional("change", row.change(metric), InspectionJSON.write)
    }
  }
}
