public import Containers
public import TensorModel

/// What is asked of a conversion. All patterns match the names that tensors have in the source.
public struct ConversionRequest: Sendable {
  /// What is written.
  public enum Form: Hashable, Sendable {
    case file
    /// The model's files as they are cut in the source, or as `shardBytes` has it, with the other files of its folder.
    case folder
    /// A folder where the source is one, or a sharded checkpoint; else a file.
    case asSource
  }

  public var form = Form.file
  /// The container of the files; nil for that of the source.
  public var container: OutputContainer?
  /// Whether the files are packed. An archive of Keras is not made then: of a model of one, the weights are packed.
  public var packs = false
  /// The byte order of the files, where their container is GGUF.
  public var byteOrder = ByteOrder.little
  /// The bytes of tensors that a file holds at most, unless one tensor alone has more; the output is a folder then.
  public var shardBytes: Int?
  /// Whether weights with a mask beside them are read as their products, under whose names patterns match them then.
  public var foldsMasks = false
  /// Which tensors are read and written.
  public var selection = NameFilter()
  /// Which of them are transformed: cast, and whatever else changes values.
  public var transformed = NameFilter()
  /// Whether tensors of block types become F32, before anything else.
  public var dequantizes = false
  /// How tensors are pruned, before they are cast; nil prunes nothing.
  public var pruning: PruningRequest?
  /// The type that floats are cast to; nil leaves them theirs.
  public var dtype: DType?
  /// How tensors are quantised, after they are pruned and cast; nil quantises nothing.
  public var quantization: QuantizationRequest?
  /// The block type that weights are quantised to, after they are pruned and cast; nil leaves them their types.
  public var blockType: DType?
  /// The rules that give tensors new names, in order; see `RenamedModel`.
  public var renaming: [RenameRule] = []

  public init() {}

  /// The source under every layer that is asked for. Names change last, so all layers see the source's.
  /// - Throws: what planning the pruning and the quantising throws, which read tensors.
  func layers(over source: any ContainerReader) throws(ModelError) -> ConversionLayers {
    let selected = SelectedModel(source, selection)
    var model: any ContainerReader = selected
    guard !model.catalog.tensors.isEmpty || source.catalog.tensors.isEmpty else {
      throw ModelError(.usage, "none of the \(source.catalog.tensors.count) tensors is chosen").inside(source.path)
    }
    let dequantized = dequantizes ? try DequantizedModel(model, transformed) : nil
    if let dequantized { model = dequantized }
    let pruned = try pruning.map { [model] (pruning) throws(ModelError) in
      PrunedModel(model, try PruningPlan.make(model, pruning, WeightScope(transformed, .pruning)))
    }
    if let pruned { model = pruned }
    let cast = try dtype.map { (dtype) throws(ModelError) in
      try within(source.path) { () throws(ModelError) in try CastModel(model, to: dtype, transformed) }
    }
    if let cast { model = cast }
    let quantized = try quantization.map { (quantization) throws(ModelError) in
      QuantizedModel(model, try QuantizationPlan.make(model, quantization, WeightScope(transformed, .quantization)))
    }
    if let quantized { model = quantized }
    let blocks = try blockType.map { (dtype) throws(ModelError) in
      try BlockQuantizedModel(model, to: dtype, transformed)
    }
    if let blocks { model = blocks }
    let renamed = try RenamedModel(model, renaming)
    return ConversionLayers(
      selected: selected, dequantized: dequantized, pruned: pruned, cast: cast, quantized: quantized, blocks: blocks,
      renamed: renamed)
  }
}

/// The layers of a conversion, for what they know after it.
public struct ConversionLayers: Sendable {
  /// The tensors that are converted, as they are in the source; every layer above has them in the same order.
  public let selected: SelectedModel
  /// nil where blocks stay blocks.
  public let dequantized: DequantizedModel?
  /// nil where nothing is pruned.
  public let pruned: PrunedModel?
  /// nil where no type was asked for.
  public let cast: CastModel?
  /// nil where nothing is quantised.
  public let quantized: QuantizedModel?
  /// nil where no block type was asked for.
  public let blocks: BlockQuantizedModel?
  public let renamed: RenamedModel

  /// Whether tensors have other types than in the source.
  var changeTypes: Bool {
    zip(selected.catalog.tensors, renamed.catalog.tensors).contains { $0.info.dtype != $1.info.dtype }
  }

  /// The outermost: the model that is written.
  public var model: any ContainerReader { renamed }
}
