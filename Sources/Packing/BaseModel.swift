public import Containers
public import TensorModel

/// The model from which packed tensors are differences. It may be in any container, and needs no base itself.
public final class BaseModel: Sendable {
  public let reader: any ContainerReader
  private let numbers: [ExactName: [Int]]

  /// - Throws: `malformed` for a packed file that claims to hold far too much, `usage` where the model is itself stored as the difference from another.
  public init(_ reader: any ContainerReader) throws(ModelError) {
    if let packed = (reader as? PackedModel)?.file {
      try within(reader.path) { () throws(ModelError) in
        try packed.demandBelief(Limits().expansion)
        guard let name = packed.baseName else { return }
        throw ModelError(
          .usage, "is itself stored as the difference from '\(name)', and so no base",
          hint: "tare unpack --base gives the model, which is one")
      }
    }
    self.reader = reader
    numbers = Dictionary(grouping: reader.catalog.tensors.indices) { ExactName(reader.catalog.tensors[$0].info.name) }
  }

  /// What a packed file calls it: the last part of its path.
  public var label: String {
    var path = reader.path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return splitPath(path).name
  }

  /// The first tensor of that name, type and shape.
  func tensor(_ name: String, like info: TensorInfo) -> Int? {
    numbers[ExactName(name)]?.first {
      let found = reader.catalog.tensors[$0].info
      return found.dtype == info.dtype && found.shape == info.shape
    }
  }

  /// Why there is none.
  func mismatch(_ name: String, like info: TensorInfo) -> String {
    guard let number = numbers[ExactName(name)]?.first else { return "it has no tensor '\(name)'" }
    let found = reader.catalog.tensors[number].info
    return "its '\(name)' is \(found.dtype.name) \(found.shape), expected \(info.dtype.name) \(info.shape)"
  }
}
