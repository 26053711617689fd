import ArgumentParser
import Tare

/// The model from which tensors are differences.
struct BaseOption: ParsableArguments {
  @Option(
    help: ArgumentHelp("The model from which tensors are, or were, stored as the difference.", valueName: "model"),
    completion: .file(), transform: filePath)
  var base: String?

  /// Opens the base; nil where none was given.
  func open() throws -> BaseModel? { try base.map { try BaseModel(ContainerRegistry.open(path: $0)) } }
}

extension TalkOptions {
  /// Says of a model that it needs no base, where one was given.
  func note(_ base: BaseModel?, givenFor reader: any ContainerReader) {
    if base != nil, (reader as? PackedModel)?.file.baseName == nil { note("\(reader.path) needs no base") }
  }
}
