/// What Keras 3 calls the variables that its files number, by the class that has them.
enum KerasVariableNames {
  /// The name of variable `number` of `count`; nil where the class is not known, or has other variables than these.
  /// - Parameters:
  ///   - className: nil where it is not known.
  ///   - path: the attributes of the layer that lead to the variables, in which cells and parts of attention are told.
  static func name(of number: Int, count: Int, className: String?, path: [String], config: KerasConfig?) -> String? {
    let names = names(className: className, path: path, config: config)
    guard count <= names.count, number < count else { return nil }
    // Of a batch normalisation without scale or centre, the configuration alone says which variables are left.
    guard className != batchNormalization || count == names.count else { return nil }
    return names[number]
  }

  private static let batchNormalization = "BatchNormalization"

  private static func names(className: String?, path: [String], config: KerasConfig?) -> [String] {
    guard path.isEmpty else { return namesOfPart(path) }
    switch className {
    case batchNormalization:
      let scale = config?.hasScale == false ? [] : ["gamma"]
      let center = config?.hasCenter == false ? [] : ["beta"]
      return scale + center + ["moving_mean", "moving_variance"]
    case "LayerNormalization" where config?.hasScale == false, "GroupNormalization" where config?.hasScale == false:
      return ["beta"]
    default: return className.flatMap { listed[$0] } ?? []
    }
  }

  /// By the attribute that holds them: `cell` of a recurrent layer, `query_dense` of an attention.
  private static func namesOfPart(_ path: [String]) -> [String] {
    let (attribute, _) = numbered(path.last ?? "")
    if attribute == "cell" || attribute.hasSuffix("_cell") { return ["kernel", "recurrent_kernel", "bias"] }
    if attribute.hasSuffix("_dense") { return ["kernel", "bias"] }
    if attribute.hasSuffix("seed_generator") { return ["seed_generator_state"] }
    return []
  }

  private static let kernels: [String] = [
    "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "DepthwiseConv1D",
    "DepthwiseConv2D",
  ]

  private static let listed: [String: [String]] = {
    var listed: [String: [String]] = [
      // A kernel of 8 bits has scales behind the bias.
      "Dense": ["kernel", "bias", "kernel_scale"], "EinsumDense": ["kernel", "bias", "kernel_scale"],
      "Embedding": ["embeddings", "embeddings_scale"], "ReversibleEmbedding": ["embeddings"],
      "SeparableConv1D": ["depthwise_kernel", "pointwise_kernel", "bias"],
      "SeparableConv2D": ["depthwise_kernel", "pointwise_kernel", "bias"],
      "LayerNormalization": ["gamma", "beta"], "GroupNormalization": ["gamma", "beta"],
      "RMSNormalization": ["scale"], "Normalization": ["mean", "variance", "count"], "PReLU": ["alpha"],
      "LSTMCell": ["kernel", "recurrent_kernel", "bias"], "GRUCell": ["kernel", "recurrent_kernel", "bias"],
      "SimpleRNNCell": ["kernel", "recurrent_kernel", "bias"],
    ]
    for name in kernels { listed[name] = ["kernel", "bias"] }
    return listed
  }()

  /// The classes above and others that have no variables of their own, by their names in paths.
  private static let classes: [String: String] = {
    let others = [
      "LSTM", "GRU", "SimpleRNN", "Bidirectional", "TimeDistributed", "RNN", "MultiHeadAttention",
      "GroupQueryAttention", "Attention", "AdditiveAttention", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D",
      "SpectralNormalization", "BatchNormalization", "Functional", "Sequential", "Dropout",
    ]
    let names = Array(listed.keys) + others
    return Dictionary(uniqueKeysWithValues: names.map { (snakeCase($0), $0) })
  }()

  /// The class whose layers a file names so, where it is known: `conv2d_3` is of Conv2D.
  static func className(ofGroup group: String) -> String? { classes[group] ?? classes[numbered(group).base] }

  /// A name of a file without the number at its end: `conv2d_3` is `conv2d` and 3, `dense` itself and 0.
  static func numbered(_ group: String) -> (base: String, number: Int) {
    guard let place = group.lastIndex(of: "_"), let number = Int(group[group.index(after: place)...]), number >= 0
    else {
      return (group, 0)
    }
    return (String(group[..<place]), number)
  }
}
