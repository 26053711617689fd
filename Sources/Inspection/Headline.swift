import Kernels

/// The answer in plain words: is the model really pruned, how, and what would packing save?
enum Headline {
  /// A few sentences; of a model of which only the header was read, no more than what it was packed against.
  static func sentences(_ model: ModelReport) -> [String] {
    var sentences: [String] = []
    if let values = model.totals.values { sentences.append(pruning(model.totals, values)) }
    if !model.isPacked, let stored = model.totals.storedBytes, stored < model.totals.byteCount {
      let whole = model.totals.byteCount
      sentences.append(
        "Stored in \(Readable.bytes(stored)), \(Readable.saving(stored, of: whole)) less than \(Readable.bytes(whole))."
      )
    }
    if let packed = model.totals.packed { sentences.append(size(model, packed)) }
    if let base = model.baseName {
      let need = model.isHeaderOnly ? "; --base names it to whatever reads the data" : ""
      sentences.append("Stored as the difference from '\(base)'\(need).")
    }
    if model.canonicalZeros > 0 {
      sentences.append("Not the original: \(Readable.grouped(model.canonicalZeros)) zeros were −0 (--canonical-zero).")
    }
    if !model.logical.isEmpty { sentences.append(masks(model.logical)) }
    if let values = model.totals.values, let sentence = oddities(values) { sentences.append(sentence) }
    return sentences
  }

  private static func pruning(_ totals: GroupReport, _ values: ValueStatistics) -> String {
    guard values.elementCount > 0 else { return "Empty: there are no elements." }
    let share = Readable.share(values.zeros, of: values.elementCount)
    let fact = "\(share) of \(Readable.count(values.elementCount)) elements are zero"
    let places = placesOfZeros(totals)
    if values.zeros == values.elementCount { return "All zero: \(fact)." }
    if values.sparsity < Structure.negligibleShare {
      let exceptions = places.isEmpty ? "" : "; zeros gather in \(places)"
      return "Not pruned: \(fact)\(exceptions)."
    }
    let signs = values.negativeZeros > 0 ? ", \(Readable.share(values.negativeZeros, of: values.zeros)) of them −0" : ""
    let extent = values.sparsity < 0.1 ? "Slightly pruned" : "Pruned"
    return "\(extent): \(fact)\(signs)" + (places.isEmpty ? "." : "; zeros lie in \(places).")
  }

  /// `38 unstructured tensors and 4 tensors with zero rows`.
  private static func placesOfZeros(_ totals: GroupReport) -> String {
    let kinds = [
      (totals.structures[.unstructured] ?? 0, "unstructured ", ""),
      (totals.structures[.rows] ?? 0, "", " with zero rows"),
      (totals.structures[.columns] ?? 0, "", " with zero columns"),
      (totals.zeroTensors, "", " of zeros alone"),
    ]
    let phrases = kinds.filter { $0.0 > 0 }.map { count, before, after in
      "\(Readable.grouped(count)) \(before)tensor\(count == 1 ? "" : "s")\(after)"
    }
    guard let last = phrases.last else { return "" }
    return phrases.count == 1 ? last : phrases.dropLast().joined(separator: ", ") + " and " + last
  }

  private static func size(_ model: ModelReport, _ packed: PackedSize) -> String {
    let whole = model.totals.byteCount
    let saving = Readable.saving(packed.byteCount, of: whole)
    let change = "\(Readable.bytes(whole)) to \(Readable.bytes(packed.byteCount))"
    if model.isPacked {
      return packed.byteCount > whole ? "Packed: \(change), more than before." : "Packed: \(change), \(saving) less."
    }
    if packed.byteCount >= whole { return "Packing would save nothing." }
    return "Packing would save \(packed.isSampled ? "about " : "")\(saving): \(change)."
  }

  /// What the products of weights and the masks beside them come to.
  private static func masks(_ products: [LogicalReport]) -> String {
    let values = products.compactMap(\.tensor.values)
    let (zeros, elements) = (values.reduce(0) { $0 + $1.zeros }, values.reduce(0) { $0 + $1.elementCount })
    let count = products.count
    return "\(Readable.grouped(count)) mask\(count == 1 ? "" : "s") beside weights: multiplied, "
      + "\(Readable.share(zeros, of: elements)) of \(Readable.count(elements)) elements are zero "
      + "(tare convert --fold-masks)."
  }

  private static func oddities(_ values: ValueStatistics) -> String? {
    guard values.nans > 0 || values.infinities > 0 else { return nil }
    var parts: [String] = []
    if values.nans > 0 { parts.append("\(Readable.grouped(values.nans)) NaN") }
    if values.infinities > 0 { parts.append("\(Readable.grouped(values.infinities)) infinite") }
    return "Beware: \(parts.joined(separator: " and ")) among the values."
  }
}
