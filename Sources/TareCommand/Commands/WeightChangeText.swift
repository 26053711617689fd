import Tare

/// What a change of weights does to a model, in words and in JSON: what pruning and quantising say alike.
struct WeightChangeText<Counts: Hashable & Sendable> {
  /// How the change was asked for.
  private let method: String
  private let totals: Counts
  private let changed: [(info: TensorInfo, counts: Counts)]
  private let leftAlone: LeftAlone

  /// - Parameters:
  ///   - outcomes: of the tensors of `catalog`.
  ///   - totals: of all tensors that are changed.
  init(
    _ change: WeightChange, _ method: String, _ catalog: Catalog, _ outcomes: [WeightOutcome<Counts>], totals: Counts
  ) {
    self.method = method
    self.totals = totals
    changed = zip(catalog.tensors, outcomes).compactMap { entry, outcome in
      if case .changed(let counts) = outcome { (entry.info, counts) } else { nil }
    }
    leftAlone = LeftAlone(change, catalog, outcomes)
  }

  /// What was left alone, and why: a line for each reason.
  var notes: [String] { leftAlone.notes }

  /// A line per tensor that is changed, and their total.
  /// - Parameter columns: four, which `cells` fills.
  func table(_ columns: [String], _ cells: (Counts) -> [String]) -> String {
    var rows = [["tensor", "dtype", "shape"] + columns]
    for (info, counts) in changed {
      let shape = info.shape.map(String.init).joined(separator: "×")
      rows.append([info.name.escapedForDisplay, info.dtype.name, shape] + cells(counts))
    }
    let count = changed.count
    rows.append(["\(count) tensor\(count == 1 ? "" : "s"), \(method)", "", ""] + cells(totals))
    return AlignedText.rows(rows, rightAligned: 3...6, indent: "  ")
  }

  func write(_ json: inout JSONText, as key: String, _ counts: (Counts, inout JSONText) -> Void) {
    json.object(key) { json in
      json.string("method", method)
      counts(totals, &json)
      json.array("tensors") { json in
        for tensor in changed {
          json.object { json in
            json.string("name", tensor.info.name)
            counts(tensor.counts, &json)
          }
        }
      }
      leftAlone.write(&json)
    }
  }
}
