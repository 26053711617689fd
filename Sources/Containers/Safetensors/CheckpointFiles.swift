package import TensorModel

/// Which files of a folder are its model.
package enum CheckpointFiles {
  /// The index that names them.
  case index(String)
  /// Themselves, in order.
  case files([String])

  package static let suffix = ".safetensors"

  /// The model among the names in a folder: by its index; else `model.safetensors`; else all safetensors files. Hidden
  /// files don't count.
  /// - Throws: `missing` where there is none, `malformed` where several indices name one each.
  package static func find(among names: [String]) throws(ModelError) -> CheckpointFiles {
    let names = names.filter { !$0.hasPrefix(".") }
    let standard = "model" + suffix
    if names.contains(standard + ".index.json") { return .index(standard + ".index.json") }
    // A variant stands before the extension: `model.safetensors.index.fp16.json`.
    let indices = names.filter(isIndex)
    guard indices.count <= 1 else {
      throw ModelError(.malformed, "holds several models: \(listed(indices))", hint: "name the one that is meant")
    }
    if let index = indices.first { return .index(index) }
    let files = names.filter { $0.hasSuffix(suffix) }
    guard !files.isEmpty else { throw ModelError(.missing, "holds no safetensors file") }
    return .files(files.contains(standard) ? [standard] : files)
  }

  /// Whether a file of that name counts where a folder's model is looked for.
  package static func isMember(_ name: String) -> Bool {
    !name.hasPrefix(".") && (name.hasSuffix(suffix) || isIndex(name))
  }

  /// Whether a file of that name is the index of a sharded checkpoint.
  package static func isIndex(_ name: String) -> Bool { name.hasSuffix(".json") && name.contains(suffix + ".index.") }

  package static func listed(_ names: [String]) -> String {
    names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
  }
}
