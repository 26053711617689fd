import Containers
import TensorModel

/// Attributes of groups, found by where they are.
struct KerasAttributes {
  private let values: [ExactName: MetadataValue]
  let config: KerasConfig?

  init(_ metadata: [MetadataEntry]) {
    values = Dictionary(metadata.map { (ExactName($0.key), $0.value) }) { first, _ in first }
    config =
      ["model_config", "config.json"].lazy.compactMap { [values] key in
        guard case .string(let text)? = values[ExactName(key)] else { return nil }
        // A configuration that can't be read names nothing, and keeps nobody from the weights.
        return try? unsafe KerasConfig.parse(text.span.bytes)
      }.first
  }

  func text(_ name: String, of path: String) -> String? { values[ExactName(HDF5Key.of(name, path: path))]?.string }

  /// The strings of an attribute, which may be in parts with a number behind its name; nil where there is none.
  func texts(_ name: String, of path: String) -> [String]? {
    if let whole = part(name, of: path) { return whole }
    var texts: [String] = []
    var number = 0
    while let next = part(name + String(number), of: path) {
      texts += next
      number += 1
    }
    return number == 0 ? nil : texts
  }

  private func part(_ name: String, of path: String) -> [String]? {
    switch values[ExactName(HDF5Key.of(name, path: path))] {
    case .array(let array)?:
      // Of no layers, or of a layer without weights, the list is of numbers, none of them.
      guard array.count > 0 else { return [] }
      guard case .strings(let strings) = array.elements else { return nil }
      return (0..<strings.count).map { String(decoding: strings[$0], as: UTF8.self) }
    default: return nil
    }
  }
}
