import Tare

/// What pruning does, in words and in JSON.
struct PruningText {
  private let plan: PruningPlan
  private let catalog: Catalog

  /// - Parameter catalog: of the model that is pruned.
  init(_ plan: PruningPlan, _ catalog: Catalog) {
    self.plan = plan
    self.catalog = catalog
  }

  private var leftAlone: LeftAlone { LeftAlone(.pruning, catalog, plan.outcomes) }

  private var pruned: [(info: TensorInfo, counts: PruningCounts)] { plan.outcomes.changed(of: catalog) }

  /// What was left alone, and why: a line for each reason.
  var notes: [String] {
    var notes = leftAlone.notes
    if let (first, count) = plan.tensorsWithTails(catalog) {
      notes.append(
        "the last inputs of a row, which fill no group, are left alone in "
          + "\(count) tensor\(count == 1 ? "" : "s"), such as '\(first)'")
    }
    return notes
  }

  /// A line per tensor that is pruned, and their total.
  var table: String {
    var rows = [["tensor", "dtype", "shape", "zeros before", "zeros after", "zeroed", "error"]]
    for (info, counts) in pruned {
      let shape = info.shape.map(String.init).joined(separator: "×")
      rows.append([info.name.escapedForDisplay, info.dtype.name, shape] + cells(counts))
    }
    let count = pruned.count
    rows.append(["\(count) tensor\(count == 1 ? "" : "s"), \(plan.spec)", "", ""] + cells(plan.totals))
    return AlignedText.rows(rows, rightAligned: 3...6, indent: "  ")
  }

  private func cells(_ counts: PruningCounts) -> [String] {
    [
      PackingText.percent(counts.zerosBefore, of: counts.elements),
      PackingText.percent(counts.zeros, of: counts.elements), String(counts.zeroed),
      counts.relativeError.isFinite ? decimal(counts.relativeError, digits: 4) : "-",
    ]
  }

  func write(_ json: inout JSONText) {
    json.object("pruning") { json in
      json.string("method", plan.spec.description)
      write(plan.totals, &json)
      json.array("tensors") { json in
        for (info, counts) in pruned {
          json.object { json in
            json.string("name", info.name)
            write(counts, &json)
          }
        }
      }
      leftAlone.write(&json)
    }
  }

  private func write(_ counts: PruningCounts, _ json: inout JSONText) {
    json.integer("elements", counts.elements)
    json.integer("zeros_before", counts.zerosBefore)
    json.integer("zeros", counts.zeros)
    json.integer("zeroed", counts.zeroed)
    json.number("relative_error", counts.relativeError)
  }
}
