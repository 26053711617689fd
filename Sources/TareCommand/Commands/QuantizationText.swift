import Tare

/// What quantising does, in words and in JSON.
struct QuantizationText {
  private let text: WeightChangeText<QuantizationCounts>

  /// - Parameter catalog: of the model that is quantised.
  init(_ plan: QuantizationPlan, _ catalog: Catalog) {
    text = WeightChangeText(.quantization, plan.spec.description, catalog, plan.outcomes, totals: plan.totals)
  }

  /// What was left alone, and why: a line for each reason.
  var notes: [String] { text.notes }

  /// A line per tensor that is quantised, and their total.
  var table: String {
    text.table(["zeros before", "zeros after", "error", "SQNR"]) { counts in
      [
        PackingText.percent(counts.zerosBefore, of: counts.elements),
        PackingText.percent(counts.zeros, of: counts.elements),
      ] + counts.error.cells
    }
  }

  func write(_ json: inout JSONText) {
    text.write(&json, as: "quantization") { counts, json in
      json.integer("elements", counts.elements)
      json.integer("zeros_before", counts.zerosBefore)
      json.integer("zeros", counts.zeros)
      counts.error.write(&json)
    }
  }
}

extension QuantizationError {
  /// The error and the ratio of signal to noise, for a table.
  var cells: [String] {
    [
      relative.isFinite ? decimal(relative, digits: 4) : "-",
      sqnr.isFinite ? (sqnr < 0 ? "-" : "") + decimal(abs(sqnr), digits: 2) + " dB" : sqnr > 0 ? "exact" : "-",
    ]
  }

  func write(_ json: inout JSONText) {
    json.number("relative_error", relative)
    json.number("sqnr_db", sqnr)
  }
}
