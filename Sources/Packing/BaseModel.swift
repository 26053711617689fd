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

  /// The types whose numbers are rounded to each other: many keep a model in one and its versions in another.
  private static let convertible: [DType] = [.f32, .f16, .bf16]

  /// Whether a tensor of a type may be the difference from one of another.
  static func canConvert(_ source: DType, to target: DType) -> Bool {
    source == target || convertible.contains(source) && convertible.contains(target)
  }

  /// The first tensor of that name, type and shape.
  func tensor(_ name: String, _ dtype: DType, _ shape: [Int]) -> Int? {
    numbers[ExactName(name)]?.first {
      let found = reader.catalog.tensors[$0].info
      return found.dtype == dtype && found.shape == shape
    }
  }

  /// The tensor from which one of those can be the difference: of its name and shape, and of its type if there is one.
  func tensor(like info: TensorInfo) -> Int? {
    if let same = tensor(info.name, info.dtype, info.shape) { return same }
    guard Self.convertible.contains(info.dtype) else { return nil }
    return Self.convertible.lazy.compactMap { self.tensor(info.name, $0, info.shape) }.first
  }

  /// What to say where this is another model than the one that a file was packed with, which it calls `recorded`.
  func isNotTheBase(_ why: String, recorded: String?) -> ModelError {
    ModelError(
      .wrongBase, "\(reader.path) is not the base: \(why)",
      hint: recorded.map { "--base names the model that '\($0)' was" })
  }

  /// Why there is no tensor of that name, type and shape.
  func mismatch(_ name: String, _ dtype: DType, _ shape: [Int]) -> String {
    guard let number = numbers[ExactName(name)]?.first else { return "it has no tensor '\(name)'" }
    let found = reader.catalog.tensors[number].info
    return "its '\(name)' is \(found.dtype.name) \(found.shape), expected \(dtype.name) \(shape)"
  }
}
