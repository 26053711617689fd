public import Containers
public import TensorModel

/// What is asked of a conversion. All patterns match the names that tensors have in the source.
public struct ConversionRequest: Sendable {
  /// Which tensors are read and written.
  public var selection = NameFilter()
  /// The rules that give tensors new names, in order; see `RenamedModel`.
  public var renaming: [RenameRule] = []

  public init() {}

  /// The source under every layer that is asked for. Names change last, so all layers see the source's.
  func layers(over source: any ContainerReader) throws(ModelError) -> ConversionLayers {
    let selected = SelectedModel(source, selection)
    guard !selected.catalog.tensors.isEmpty || source.catalog.tensors.isEmpty else {
      throw ModelError(.usage, "none of the \(source.catalog.tensors.count) tensors is chosen").inside(source.path)
    }
    let renamed = try RenamedModel(selected, renaming)
    return ConversionLayers(renamed: renamed)
  }
}

/// The layers of a conversion, for what they know after it.
public struct ConversionLayers: Sendable {
  public let renamed: RenamedModel

  /// The outermost: the model that is written.
  public var model: any ContainerReader { renamed }
}
