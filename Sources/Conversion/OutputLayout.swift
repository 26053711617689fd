import Containers
import Packing
import TensorModel

/// Which files a model is written as.
struct OutputLayout {
  private let model: any ContainerReader
  private let limits: Limits
  /// Of files that were laid out: what the umask leaves of it.
  private static let mode: UInt32 = 0o666

  init(_ model: any ContainerReader, limits: Limits) {
    self.model = model
    self.limits = limits
  }

  /// One file that holds every tensor.
  func file() throws(ModelError) -> PackSource {
    let tensors = Array(model.catalog.tensors.indices)
    return PackSource(isFolder: false, files: [try file("", tensors, model.catalog.metadata)])
  }

  private func file(
    _ path: String, _ tensors: [Int], _ metadata: [MetadataEntry]
  ) throws(ModelError) -> PackSource.File {
    let image = try within(model.path) { () throws(ModelError) in
      try SafetensorsImage(model, tensors: tensors, metadata: metadata, limits: limits)
    }
    // A packed file that is no folder records no mode.
    let mode = path.isEmpty ? 0 : Self.mode
    return PackSource.File(path: path, mode: mode, byteCount: image.byteCount, content: .image(image))
  }
}
