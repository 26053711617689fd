public import Containers
public import Packing
public import TensorModel

/// A conversion that is laid out and not yet done: which files it writes, and what they hold.
///
/// `files` is packed by `Packer`, or written as it is by `FileWriter`: so a packed output unpacks to the very files that a
/// plain one would have been.
public struct Conversion: Sendable {
  public let source: any ContainerReader
  public let layers: ConversionLayers
  public let files: PackSource

  /// The model that is written: the source under the layers.
  public var model: any ContainerReader { layers.model }

  /// Opens the model at `path` and lays out what `request` asks for; reads no tensor.
  /// - Throws: what opening throws; `usage` where the request does not fit the model; `unsupported` for what safetensors
  ///   can't hold.
  public init(path: String, _ request: ConversionRequest, limits: Limits = Limits()) throws(ModelError) {
    source = try ContainerRegistry.open(path: path, limits: limits)
    layers = try request.layers(over: source)
    files = try OutputLayout(layers.model, limits: limits).file()
  }
}
