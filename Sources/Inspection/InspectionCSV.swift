import TensorModel

/// The report of an inspection as comma-separated values (RFC 4180, lines end with a line feed): one line for each row of
/// the table, the totals left out, so that columns can be added up. Columns have the names of the keys in JSON; those
/// that need data are left out where none was read.
public enum InspectionCSV {
  /// - Parameter models: inspected with the same options.
  public static func text(_ models: [ModelReport]) -> String {
    guard let first = models.first else { return "" }
    let metrics = metrics(first.grouping, isHeaderOnly: first.isHeaderOnly)
    let namesVariables = models.contains { $0.tensors.contains { $0.variable != nil } }
    var lines = [(labels(first, namesVariables) + metrics.map(\.rawValue) + facts(first))]
    for model in models {
      for row in model.rows {
        lines.append(
          cells(row, model, namesVariables) + metrics.map { $0.value(of: row)?.text ?? "" } + facts(row, model))
      }
    }
    return lines.csv
  }

  static func metrics(_ grouping: InspectionOptions.Grouping, isHeaderOnly: Bool) -> [Metric] {
    Metric.all(of: grouping).filter { !isHeaderOnly || !$0.needsData }
  }

  /// - Parameter namesVariables: whether one of the models says of what class its layers are, and what tensors are to them.
  private static func labels(_ model: ModelReport, _ namesVariables: Bool) -> [String] {
    switch model.grouping {
    case .tensor: ["path", "name", "layer"] + (namesVariables ? ["class", "variable"] : []) + ["dtype", "shape"]
    case .layer: ["path", "layer"] + (namesVariables ? ["class"] : []) + ["dtype"]
    case .model: ["path", "dtype"]
    }
  }

  private static func cells(_ row: ReportRow, _ model: ModelReport, _ namesVariables: Bool) -> [String] {
    guard let tensor = row.tensor else {
      let layer = model.grouping == .layer ? [row.name] + (namesVariables ? [row.className ?? ""] : []) : []
      return [model.path] + layer + [row.dtype]
    }
    let variable = namesVariables ? [tensor.layerClass ?? "", tensor.variable ?? ""] : []
    let shape = tensor.info.shape.map(String.init).joined(separator: "x")
    return [model.path, row.name, tensor.layer] + variable + [row.dtype, shape]
  }

  private static func facts(_ model: ModelReport) -> [String] {
    model.grouping == .tensor && !model.isHeaderOnly ? ["structure", "exact_in", "encoding", "sampled"] : []
  }

  private static func facts(_ row: ReportRow, _ model: ModelReport) -> [String] {
    guard let tensor = row.tensor, !model.isHeaderOnly else { return [] }
    return [
      tensor.structure?.rawValue ?? "", tensor.profile?.exactIn?.name ?? "",
      tensor.packed?.rankedEncodings.first?.id ?? "", tensor.isSampled ? "true" : "false",
    ]
  }
}

extension [[String]] {
  /// The rows as lines of comma-separated values.
  var csv: String { map { $0.map(\.asCSVField).joined(separator: ",") + "\n" }.joined() }
}

extension String {
  /// In quotes where it holds what would end the field.
  fileprivate var asCSVField: String {
    guard unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }) else { return self }
    return "\"" + replacing("\"", with: "\"\"") + "\""
  }
}
