import Tare

/// What quantising does, in words and in JSON.
struct QuantizationText {
  private let plan: QuantizationPlan
  private let catalog: Catalog

  /// - Parameter catalog: of the model that is quantised.
  init(_ plan: QuantizationPlan, _ catalog: Catalog) {
    self.plan = plan
    self.catalog = catalog
  }

  private var leftAlone: LeftAlone { LeftAlone(.quantization, catalog, plan.outcomes) }
  private var quantized: [(info: TensorInfo, counts: QuantizationCounts)] { plan.outcomes.changed(of: catalog) }

  /// What was left alone, and why: a line for each reason.
  var notes: [String] { leftAlone.notes }

  /// A line per tensor that is quantised, and their total.
  var table: String {
    var rows = [["tensor", "dtype", "shape", "zeros before", "zeros after", "error", "SQNR"]]
    for (info, counts) in quantized {
      let shape = info.shape.map(String.init).joined(separator: "×")
      rows.append([info.name.escapedForDisplay, info.dtype.name, shape] + cells(counts))
    }
    let count = quantized.count
    rows.append(["\(count) tensor\(count == 1 ? "" : "s"), \(plan.spec)", "", ""] + cells(plan.totals))
    return AlignedText.rows(rows, rightAligned: 3...6, indent: "  ")
  }

  private func cells(_ counts: QuantizationCounts) -> [String] {
    let sqnr = counts.sqnr
    return [
      PackingText.percent(counts.zerosBefore, of: counts.elements),
      PackingText.percent(counts.zeros, of: counts.elements),
      counts.relativeError.isFinite ? decimal(counts.relativeError, digits: 4) : "-",
      sqnr.isFinite ? (sqnr < 0 ? "-" : "") + decimal(abs(sqnr), digits: 2) + " dB" : sqnr > 0 ? "exact" : "-",
    ]
  }

  func write(_ json: inout JSONText) {
    json.object("quantization") { json in
      json.string("method", plan.spec.description)
      write(plan.totals, &json)
      json.array("tensors") { json in
        for (info, counts) in quantized {
          json.object { json in
            json.string("name", info.name)
            write(counts, &json)
          }
        }
      }
      leftAlone.write(&json)
    }
  }

  private func write(_ counts: QuantizationCounts, _ json: inout JSONText) {
    json.integer("elements", counts.elements)
    json.integer("zeros_before", counts.zerosBefore)
    json.integer("zeros", counts.zeros)
    json.number("relative_error", counts.relativeError)
    json.number("sqnr_db", counts.sqnr)
  }
}
