import Glibc
import TensorModel

extension ComparisonReport {
  /// The report for a reader: what differs, the worst first and at most `maxDifferences` of it, then one line with the
  /// verdict.
  public func text(maxDifferences: Int = 10) -> String {
    let differences = differences
    var shown = differences.prefix(max(0, maxDifferences)).flatMap { $0 }
    if differences.count > maxDifferences { shown.append("… and \(differences.count - max(0, maxDifferences)) more") }
    if let note = metadataNote { shown.append(note) }
    shown += [a, b].compactMap(\.note)
    return (shown + [verdictLine]).map { $0.escapedForDisplay + "\n" }.joined()
  }

  /// The lines for what could not be read, what is missing or has another name, what has another shape, then for other
  /// values, the lowest ratio of signal to noise first.
  private var differences: [[String]] {
    let differing = tensors.filter { $0.verdict == .different }
    let unreadable = differing.filter { $0.failure != nil }
    let otherShape = differing.filter { $0.failure == nil && $0.a.shape != $0.b.shape }
    let otherValues = differing.enumerated().filter {
      $0.element.failure == nil && $0.element.a.shape == $0.element.b.shape
    }
    .sorted { ($0.element.badness, -$0.element.share, $0.offset) < ($1.element.badness, -$1.element.share, $1.offset) }
    .map(\.element)
    return unreadable.map(\.lines) + missing + (otherShape + otherValues).map(\.lines)
  }

  private var missing: [[String]] {
    let renamedInA = Set(renamed.map { Array($0.a.utf8) })
    let renamedInB = Set(renamed.map { Array($0.b.utf8) })
    return onlyInA.filter { !renamedInA.contains(Array($0.utf8)) }.map { ["\($0): only in \(a.path)"] }
      + onlyInB.filter { !renamedInB.contains(Array($0.utf8)) }.map { ["\($0): only in \(b.path)"] }
      + renamed.map { ["\($0.a): named \($0.b) in \(b.path), with the same bits"] }
  }

  private var metadataNote: String? {
    guard !metadataDifferences.isEmpty else { return nil }
    let keys = metadataDifferences.prefix(3).map { "'\($0.key.shortened)'" }.joined(separator: ", ")
    let more = metadataDifferences.count > 3 ? " and \(metadataDifferences.count - 3) more" : ""
    return "note: the metadata differs in \(keys)\(more); this does not touch the verdict"
  }

  private var verdictLine: String {
    switch verdict {
    case .identical where tensors.isEmpty: "identical: neither holds a tensor"
    case .identical:
      "identical: \(tensors.count.of("tensor")), same \(hasOtherNames ? "" : "names, ")dtypes, shapes and bits"
    case .equal: "equal: \(tensors.count.of("tensor"))" + equality
    case .withinTolerance: "within tolerance: \(tensors.count.of("tensor"))" + nearness
    case .different: "different: " + differenceSummary + hint
    }
  }

  /// Whether a rename gave some tensor another name.
  private var hasOtherNames: Bool { tensors.contains { !$0.a.name.utf8.elementsEqual($0.b.name.utf8) } }

  private var equality: String {
    let inBits = tensors.filter { $0.verdict == .equal && $0.a.dtype == $0.b.dtype }.count
    let inType = tensors.filter { $0.a.dtype != $0.b.dtype }.count
    return (inType > 0 ? "; \(inType) of them of another dtype, in which every value survives" : "")
      + (inBits > 0 ? "; in \(inBits) of them bits differ, in the sign of zero or the kind of NaN" : "")
  }

  private var nearness: String {
    let near = tensors.filter { $0.verdict == .withinTolerance }
    var text = "; in \(near.count) of them values differ"
    let largest = near.max { ($0.largestError ?? 0) < ($1.largestError ?? 0) }
    if let largest, let error = largest.largestError { text += ", at most by \(error.short) (\(largest.label))" }
    let noisiest = near.min { ($0.signalToNoise ?? .infinity) < ($1.signalToNoise ?? .infinity) }
    if let noisiest, let ratio = noisiest.signalToNoise {
      text += ", SQNR \(ratio.short) dB or more (\(noisiest.label))"
    }
    return text
  }

  private var differenceSummary: String {
    let differing = tensors.filter { $0.verdict == .different && $0.failure == nil }.count
    let unreadable = tensors.filter { $0.failure != nil }.count
    var parts: [String] = []
    if differing > 0 {
      parts.append("\(differing) of \(tensors.count.of("tensor")) \(differing == 1 ? "differs" : "differ")")
    }
    if unreadable > 0 { parts.append("\(unreadable) cannot be read to the end") }
    if !renamed.isEmpty {
      parts.append(renamed.count == 1 ? "1 has another name" : "\(renamed.count) have other names")
    }
    let (inA, inB) = (onlyInA.count - renamed.count, onlyInB.count - renamed.count)
    if inA > 0 { parts.append("\(inA) only in \(a.path)") }
    if inB > 0 { parts.append("\(inB) only in \(b.path)") }
    return parts.joined(separator: ", ")
  }

  /// Says so where an option would let every difference pass.
  private var hint: String {
    let differing = tensors.filter { $0.verdict == .different }
    guard onlyInA.count == renamed.count, onlyInB.count == renamed.count else { return "" }
    if differing.isEmpty && !renamed.isEmpty { return " (--rename OLD=NEW says what B calls the tensors of A)" }
    let wouldBeEqual = differing.allSatisfy {
      $0.a.shape == $0.b.shape && $0.differing != nil && $0.failure == nil && $0.differingValues == 0
    }
    let roundings = Set(differing.compactMap(\.roundingText))
    if let rounding = roundings.first, roundings.count == 1, differing.allSatisfy(\.isRoundedOrSurvives) {
      return ", all in the dtype alone: " + rounding
    }
    guard tolerance == .exact, wouldBeEqual, renamed.isEmpty else { return "" }
    guard differing.allSatisfy(\.sameLayout) else {
      return ", all in the dtype alone: every value survives (--tolerance value lets that pass)"
    }
    return ", all in the sign of zero or the kind of NaN alone (--tolerance value lets that pass)"
  }
}

extension TensorComparison {
  /// The share of elements that differ.
  fileprivate var share: Double { Double(differing ?? 0) / Double(max(a.elementCount, 1)) }

  /// What is sorted by: the ratio of signal to noise, below any where a NaN or an infinity has become something else.
  fileprivate var badness: Double { errors.mismatches > 0 ? -.infinity : signalToNoise ?? -.infinity }

  /// One line on what differs, and one on how far, where that can be said.
  fileprivate var lines: [String] {
    if let failure { return ["\(label): cannot be read in \(failure.path): \(failure.message(in: name))"] }
    let parts = (layoutLine.map { [$0] } ?? []) + (elementsLine.map { [$0] } ?? [])
    return ["\(label): " + parts.joined(separator: ", ")] + (roundingText.map { ["  " + $0] } ?? [])
      + (errorsLine.map { ["  " + $0] } ?? [])
  }

  /// Why the values differ, where rounding is all there is to it.
  fileprivate var roundingText: String? {
    guard let side = roundedSide else { return nil }
    let (rounded, source, dtype) = side == .b ? ("B", "A", b.dtype) : ("A", "B", a.dtype)
    return dtype.blockType == nil
      ? "\(rounded) is \(source) rounded to \(dtype.name), each value to the nearest"
      : "\(rounded) is \(source) quantised to \(dtype.name), block by block as ggml's reference does it"
  }

  /// Whether the values are the other's, rounded, if rounding changed any.
  fileprivate var isRoundedOrSurvives: Bool {
    let survives = mode == .numbers && differingValues == 0 && failure == nil
    return a.shape == b.shape && (survives || roundedSide != nil)
  }

  private var layoutLine: String? {
    guard !sameLayout else { return nil }
    var parts: [String] = []
    if a.dtype != b.dtype { parts.append("dtype \(a.dtype.name) against \(b.dtype.name)") }
    if a.shape != b.shape {
      parts.append("\(differing == nil ? "shape" : "reshaped,") \(a.shape) against \(b.shape)")
    }
    return parts.joined(separator: ", ")
  }

  private var elementsLine: String? {
    guard let differing else { return nil }
    if differing == 0 && !sameLayout {
      if tolerance.bound != nil, differingValues > 0 { return "no element differs by more than \(tolerance)" }
      return a.dtype == b.dtype ? "the same elements in the same order" : "every value survives"
    }
    let place = first.map { ", first at \($0.index): \($0.text)" } ?? ""
    let many = "\(differing) of \(a.elementCount.of("element")) \(differing == 1 ? "differs" : "differ")"
    switch tolerance {
    case .absolute, .relative: return many + " by more than \(tolerance)" + place
    case .signalToNoise: return "SQNR below \(tolerance), " + many + place
    case .exact, .value: return many + place
    }
  }

  private var errorsLine: String? {
    guard isMeasured, let worst, let largestError else { return nil }
    var parts = ["largest error \(largestError.short) at \(worst.index): \(worst.a) against \(worst.b)"]
    if let meanSquaredError { parts.append("MSE \(meanSquaredError.short)") }
    if let signalToNoise { parts.append("SQNR \(signalToNoise.short) dB") }
    if let cosine { parts.append("cosine \(cosine.short)") }
    return parts.joined(separator: ", ")
  }
}

extension TensorComparison.Difference {
  fileprivate var text: String {
    guard let bits else { return "\(a) against \(b)" }
    return "\(a) against \(b) (bits \(bits.a) against \(bits.b))"
  }
}

extension Double {
  /// Six significant digits, as C prints them.
  fileprivate var short: String {
    var buffer = [CChar](repeating: 0, count: 32)
    _ = unsafe withVaList([self]) { unsafe vsnprintf(&buffer, buffer.count, "%.6g", $0) }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
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
