import TensorModel

extension ComparisonReport {
  /// The report for a reader: one line per difference, the worst first and at most `maxDifferences` of them, then one
  /// line with the verdict.
  public func text(maxDifferences: Int = 10) -> String {
    let lines = differenceLines
    var shown = Array(lines.prefix(max(0, maxDifferences)))
    if lines.count > shown.count { shown.append("… and \(lines.count - shown.count) more") }
    if let note = metadataNote { shown.append(note) }
    return (shown + [verdictLine]).map { $0.escapedForDisplay + "\n" }.joined()
  }

  /// What could not be read, what is missing, what is of another layout, then by the share of elements that differ.
  private var differenceLines: [String] {
    let differing = tensors.filter { $0.verdict == .different }
    let unreadable = differing.filter { $0.failure != nil }
    let otherLayout = differing.filter { $0.failure == nil && !$0.sameLayout }
    let otherValues = differing.enumerated().filter { $0.element.failure == nil && $0.element.sameLayout }
      .sorted { ($1.element.share, $0.offset) < ($0.element.share, $1.offset) }.map(\.element)
    return unreadable.map(\.line) + onlyInA.map { "\($0): only in \(a.path)" }
      + onlyInB.map { "\($0): only in \(b.path)" }
      + (otherLayout + otherValues).map(\.line)
  }

  private var metadataNote: String? {
    guard !metadataDifferences.isEmpty else { return nil }
    let keys = metadataDifferences.prefix(3).map { "'\($0.key.shortened)'" }.joined(separator: ", ")
    let more = metadataDifferences.count > 3 ? " and \(metadataDifferences.count - 3) more" : ""
    return "note: the metadata differs in \(keys)\(more); this does not touch the verdict"
  }

  private var verdictLine: String {
    let inBits = tensors.filter { $0.verdict == .equal }.count
    switch verdict {
    case .identical where tensors.isEmpty: return "identical: neither holds a tensor"
    case .identical: return "identical: \(tensors.count.of("tensor")), same names, dtypes, shapes and bits"
    case .equal:
      return
        "equal: \(tensors.count.of("tensor")); in \(inBits) of them bits differ, in the sign of zero or the kind of NaN"
    case .different: return "different: " + differenceSummary + hint
    }
  }

  private var differenceSummary: String {
    let differing = tensors.filter { $0.verdict == .different && $0.failure == nil }.count
    let unreadable = tensors.filter { $0.failure != nil }.count
    var parts: [String] = []
    if differing > 0 {
      parts.append("\(differing) of \(tensors.count.of("tensor")) \(differing == 1 ? "differs" : "differ")")
    }
    if unreadable > 0 { parts.append("\(unreadable) cannot be read to the end") }
    if !onlyInA.isEmpty { parts.append("\(onlyInA.count) only in \(a.path)") }
    if !onlyInB.isEmpty { parts.append("\(onlyInB.count) only in \(b.path)") }
    return parts.joined(separator: ", ")
  }

  /// Says so where every difference would pass as the same number.
  private var hint: String {
    let differing = tensors.filter { $0.verdict == .different }
    let onlyBits = differing.allSatisfy { $0.sameLayout && $0.failure == nil && $0.differingValues == 0 }
    guard tolerance == .exact, onlyBits, onlyInA.isEmpty, onlyInB.isEmpty else { return "" }
    return ", all in the sign of zero or the kind of NaN alone (--tolerance value lets that pass)"
  }
}

extension TensorComparison {
  /// The share of elements that differ.
  fileprivate var share: Double { Double(differing ?? 0) / Double(max(a.elementCount, 1)) }

  fileprivate var line: String {
    if let failure { return "\(label): cannot be read in \(failure.path): \(failure.message(in: name))" }
    guard let differing else {
      var parts: [String] = []
      if a.dtype != b.dtype { parts.append("dtype \(a.dtype.name) against \(b.dtype.name)") }
      if a.shape != b.shape { parts.append("shape \(a.shape) against \(b.shape)") }
      return "\(label): " + parts.joined(separator: ", ")
    }
    let place = first.map { ", first at \($0.index): \($0.text)" } ?? ""
    return "\(label): \(differing) of \(a.elementCount.of("element")) \(differing == 1 ? "differs" : "differ")\(place)"
  }
}

extension TensorComparison.Difference {
  fileprivate var text: String {
    guard let bits else { return "\(a) against \(b)" }
    return "\(a) against \(b) (bits \(bits.a) against \(bits.b))"
  }
}

extension Int {
  /// The count and its noun.
  func of(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

extension String {
  /// The front of a string of any length, for a line of text.
  var shortened: String { unicodeScalars.count <= 60 ? self : String(String(unicodeScalars.prefix(60))) + "…" }
}
