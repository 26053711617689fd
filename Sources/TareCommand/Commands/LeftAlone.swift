import Tare

/// The tensors that a change of weights leaves alone, and why.
struct LeftAlone {
  private let change: WeightChange
  private let names: [WeightScope.Exemption: [String]]

  /// - Parameter outcomes: of the catalog's tensors.
  init<Counts>(_ change: WeightChange, _ catalog: Catalog, _ outcomes: [WeightOutcome<Counts>]) {
    var names: [WeightScope.Exemption: [String]] = [:]
    for (entry, outcome) in zip(catalog.tensors, outcomes) {
      if case .left(let exemption) = outcome { names[exemption, default: []].append(entry.info.name) }
    }
    self.change = change
    self.names = names
  }

  /// A line for each reason.
  var notes: [String] {
    WeightScope.Exemption.allCases.compactMap { exemption in
      guard let names = names[exemption] else { return String?.none }
      let reason = exemption.description(change)
      return names.count == 1
        ? "1 tensor \(reason) is left alone: '\(names[0])'"
        : "\(names.count) tensors \(reason) are left alone, such as '\(names[0])'"
    }
  }

  func write(_ json: inout JSONText) {
    json.array("left_alone") { json in
      for exemption in WeightScope.Exemption.allCases {
        for name in names[exemption] ?? [] {
          json.object { json in
            json.string("name", name)
            json.string("reason", exemption.description(change))
          }
        }
      }
    }
  }
}
