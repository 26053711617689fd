import Kernels
public import TensorModel

/// What is done to weights.
public enum WeightChange: Hashable, Sendable {
  case pruning, quantization

  /// It follows "that is" in a sentence.
  public var participle: String { self == .pruning ? "pruned" : "quantised" }

  /// Whether elements of that type can be changed so.
  func accepts(_ dtype: DType) -> Bool {
    switch self {
    case .pruning: WeightType(dtype) != nil
    case .quantization: QuantizedNumbers(dtype) != nil
    }
  }
}

/// What became of one tensor.
public enum WeightOutcome<Counts: Hashable & Sendable>: Hashable, Sendable {
  case changed(Counts)
  case left(WeightScope.Exemption)
}

/// Which tensors are pruned, or quantised.
///
/// Without patterns, what is customarily left dense is left alone: embeddings, norms, biases, output heads, routers, the
/// scales of quantised weights, and everything of fewer than two dimensions. A pattern to include changes what it matches
/// whatever this rule says, and nothing else.
public struct WeightScope: Hashable, Sendable {
  public var names: NameFilter

  public var change: WeightChange

  public init(_ names: NameFilter = NameFilter(), _ change: WeightChange = .pruning) {
    self.names = names
    self.change = change
  }

  /// Why a tensor is left alone.
  public enum Exemption: String, Hashable, Sendable, CaseIterable {
    case skipped, notNamed, notFloat, empty, vector, embedding, norm, bias, head, router, scale, state, scaled
    case shortRows, longRows
  }

  /// Why the tensor is left alone; nil where it is changed.
  /// - Parameter holds: whether the model has a tensor of that name.
  func exemption(of info: TensorInfo, holds: (String) -> Bool) -> Exemption? {
    if names.excluding.contains(where: { $0.matches(info.name) }) { return .skipped }
    guard names.accepts(info.name) else { return .notNamed }
    guard change.accepts(info.dtype) else { return .notFloat }
    if info.elementCount == 0 { return .empty }
    return names.including.isEmpty ? customary(info, holds) : nil
  }

  private func customary(_ info: TensorInfo, _ holds: (String) -> Bool) -> Exemption? {
    if info.shape.count < 2 { return .vector }
    let words = info.name.lowercased().split { ".:/".contains($0) }.map(String.init)
    for (exemption, matches) in Self.customs where words.indices.contains(where: { matches(words[$0], words, $0) }) {
      return exemption
    }
    // Stored values that a scale of each block multiplies don't order as the weights do.
    let scales = ["_scale_inv", "_scale", ".scale"]
    if info.dtype.blockBytes == 1, scales.contains(where: { holds(info.name + $0) }) { return .scaled }
    return nil
  }

  /// Names by which models say what a tensor is: whether a word of the name, among its words, at its place, tells so.
  private static let customs: [(Exemption, @Sendable (String, [String], Int) -> Bool)] = [
    (.scale, { word, words, place in place == words.count - 1 && (word.contains("scale") || word.contains("zero")) }),
    (.bias, { word, words, place in word.contains("bias") }),
    (.norm, { word, _, _ in word.contains("norm") || word == "ln" || word.hasPrefix("ln_") || word == "bn" }),
    (
      .embedding,
      { word, words, _ in
        embeddings.contains(where: word.contains) || ["wte", "wpe"].contains(word)
          || words.first == "shared" && words.count == 2
      }
    ),
    (
      .head,
      { word, words, _ in
        ["lm_head", "classifier", "score", "qa_outputs"].contains(word)
          || words.first == "output" && words.count == 2
          || words.suffix(3) == ["predictions", "decoder", "weight"]
      }
    ),
    (.router, { word, _, _ in ["router", "gate", "ffn_gate_inp"].contains(word) }),
    (
      .state,
      { word, words, place in
        word == "a_log" || word.hasPrefix("running_")
          || place == words.count - 1 && word.hasSuffix("_token")
      }
    ),
  ]

  private static let embeddings = ["embed", "embd"]
}

extension WeightScope.Exemption {
  /// What such tensors are; it follows "tensors" in a sentence.
  public func description(_ change: WeightChange) -> String {
    switch self {
    case .skipped: "named by --skip"
    case .notNamed: "not named by --only"
    case .notFloat: "of no float type that is \(change.participle)"
    case .empty: "without elements"
    case .vector: "of fewer than two dimensions"
    case .embedding: "named as embeddings"
    case .norm: "named as norms"
    case .bias: "named as biases"
    case .head: "named as output heads"
    case .router: "named as routers"
    case .scale: "named as scales or zero points"
    case .state: "named as states or tokens"
    case .scaled: "whose values a tensor of scales multiplies"
    case .shortRows: "with fewer inputs than a group"
    case .longRows: "with rows too long to compare"
    }
  }
}
