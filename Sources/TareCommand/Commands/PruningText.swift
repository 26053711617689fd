import Tare

/// What pruning does, in words and in JSON.
struct PruningText {
  private let plan: PruningPlan
  private let catalog: Catalog
  private let text: WeightChangeText<PruningCounts>

  /// - Parameter catalog: of the model that is pruned.
  init(_ plan: PruningPlan, _ catalog: Catalog) {
    self.plan = plan
    self.catalog = catalog
    text = WeightChangeText(.pruning, plan.spec.description, catalog, plan.outcomes, totals: plan.totals)
  }

  /// What was left alone, and why: a line for each reason.
  var notes: [String] {
    var notes = text.notes
    if let (first, count) = plan.tensorsWithTails(catalog) {
      notes.append(
        "the last inputs of a row, which fill no group, are left alone in "
          + "\(count) tensor\(count == 1 ? "" : "s"), such as '\(first)'")
    }
    return notes
  }

  /// A line per tensor that is pruned, and their total.
  var table: String {
    text.table(["zeros before", "zeros after", "zeroed", "error"]) { counts in
      [
        PackingText.percent(counts.zerosBefore, of: counts.elements),
        PackingText.percent(counts.zeros, of: counts.elements), String(counts.zeroed),
        counts.relativeError.isFinite ? decimal(counts.relativeError, digits: 4) : "-",
      ]
    }
  }

  func write(_ json: inout JSONText) {
    text.write(&json, as: "pruning") { counts, json in
      json.integer("elements", counts.elements)
      json.integer("zeros_before", counts.zerosBefore)
      json.integer("zeros", counts.zeros)
      json.integer("zeroed", counts.zeroed)
      json.number("relative_error", counts.relativeError)
    }
  }
}
