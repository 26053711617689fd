public import TensorModel

/// What Keras calls the arrays of a model (`formats/keras.md`, "Names").
public struct KerasNames: Sendable {
  /// A variable of a layer, or of the optimizer.
  public struct Variable: Hashable, Sendable {
    /// The layer's name as the user gave it, behind those of the models that hold it: `head/first`. `optimizer` for what is
    /// no part of the model.
    public let layer: String
    /// Nil where the file doesn't say it.
    public let className: String?
    /// What the array is to the layer: `kernel`, `query/bias`; a number where nothing says more.
    public let name: String
    /// Its place in the model's order.
    public var rank: Int
  }

  /// By tensor of the catalog; nil for those that Keras does not know.
  public let variables: [Variable?]

  /// Nil where the model is none of Keras.
  public init?(_ catalog: Catalog) {
    let attributes = KerasAttributes(catalog.metadata)
    guard
      let variables = KerasLegacyNames.variables(catalog, attributes) ?? KerasPathNames.variables(catalog, attributes)
    else { return nil }
    self.variables = variables
  }

  /// The tensors in the model's order, those that Keras does not know at the end.
  public func inModelOrder(_ tensors: [Int]) -> [Int] {
    tensors.sorted { first, second in
      let ranks = (variables[first]?.rank ?? .max, variables[second]?.rank ?? .max)
      return ranks.0 == ranks.1 ? first < second : ranks.0 < ranks.1
    }
  }

  /// The layer that optimizers are shown as.
  static let optimizer = "optimizer"
}
