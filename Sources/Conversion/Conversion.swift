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
  /// The container of `files`.
  public let container: OutputContainer
  public let files: PackSource
  /// Files of the source's folder that go along as they are, by their paths.
  public let companions: [String]
  /// Weights in the source's folder that are no part of its model and do not go along.
  public let leftovers: [String]
  /// Remarks for the user.
  public let notes: [String]
  /// The masks that were folded; nil where that was not asked for.
  public let folding: MaskFolding?
  /// What tensors of the source, and of a packed output, may be differences from.
  let base: BaseModel?
  /// What an archive of Keras holds around each of `files` that is a model; nil where `container` is another.
  public let envelope: KerasEnvelope?

  /// Whether the metadata names the model's architecture, as llama.cpp wants it.
  public var namesArchitecture: Bool { model.catalog.metadata.contains { $0.key == "general.architecture" } }

  /// The model that is written: the source under the layers.
  public var model: any ContainerReader { layers.model }

  /// Opens the model at `path` and lays out what `request` asks for; reads no tensor but those
  /// that are pruned or quantised, to plan that.
  /// - Parameter base: what a packed model's tensors may be differences from.
  /// - Throws: what opening throws; `usage` where the request does not fit the model; `unsupported` for what the
  ///   container can't hold.
  public init(
    path: String, _ request: ConversionRequest, limits: Limits = Limits(), base: BaseModel? = nil
  ) throws(ModelError) {
    let source = try ConversionSource.open(path: path, limits: limits, base: base)
    let isArchive = (request.container ?? source.container) == .keras
    let container = request.packs && isArchive ? .hdf5 : request.container ?? source.container
    let folding = request.foldsMasks ? try MaskFolding(source.model) : nil
    let model = folding?.model ?? source.model
    let layers = try request.layers(over: model)
    let layout = OutputLayout(
      layers.model, as: container, request.byteOrder, isChanged: layers.changeTypes, limits: limits)
    let isFolder =
      request.shardBytes != nil || request.form == .folder || (request.form == .asSource && source.isFolder)
    if isFolder {
      let catalog = layers.model.catalog
      let plan = try within(path) { () throws(ModelError) in
        try Self.plan(catalog, as: container, shardBytes: request.shardBytes)
      }
      let stem = source.isFolder ? ShardPlan.stem(of: model.catalog) : "model"
      files = try layout.folder(plan, stem: stem, companions: source.companions)
    } else {
      files = try layout.file()
    }
    envelope = try container == .keras ? Self.envelope(layers.model.catalog, source.model, limits) : nil
    self.source = model
    self.container = container
    self.folding = folding
    self.layers = layers
    self.base = base
    companions = source.companions.map(\.path)
    leftovers = source.leftovers
    let omissions = source.model.catalog.omissions.filter {
      container != .keras || $0.reason != KerasEnvelope.omission
    }
    notes =
      source.notes + Self.notes(of: omissions)
      + (isArchive && container == .hdf5
        ? ["the packed file holds the weights as HDF5; tare pack keeps the archive"] : [])
  }

  private static func envelope(
    _ catalog: Catalog, _ source: any ContainerReader, _ limits: Limits
  ) throws(ModelError) -> KerasEnvelope {
    let assets = try (source as? HDF5Model)?.archiveAssets(limits: limits) ?? []
    return try within(source.path) { () throws(ModelError) in try KerasEnvelope(catalog.metadata, assets: assets) }
  }

  private static func plan(
    _ catalog: Catalog, as container: OutputContainer, shardBytes: Int?
  ) throws(ModelError) -> ShardPlan {
    guard !container.isHDF5 else {
      guard shardBytes == nil else {
        throw ModelError(.unsupported, "HDF5 is written as one file", hint: "without --shard it is")
      }
      return ShardPlan(whole: catalog)
    }
    return shardBytes.map { ShardPlan(catalog, byteCount: $0) } ?? ShardPlan(catalog)
  }

  /// What does not go along because it is neither tensor nor metadata.
  private static func notes(of omissions: [Catalog.Omission]) -> [String] {
    let shown = omissions.prefix(3).map { "'\($0.name)' (\($0.reason))" }
    guard !shown.isEmpty else { return [] }
    let rest = omissions.count - shown.count
    return ["left out: " + shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")]
  }
}
