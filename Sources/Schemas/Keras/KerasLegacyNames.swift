import Containers
import TensorModel

/// Names in the files of Keras 1 and 2, whole models and weights alone: lists of names say which arrays belong to which
/// layer, in the model's order.
enum KerasLegacyNames {
  /// Nil where there are no such lists.
  static func variables(_ catalog: Catalog, _ attributes: KerasAttributes) -> [KerasNames.Variable?]? {
    let root = attributes.texts(layerNames, of: "") != nil ? "" : "model_weights"
    guard let layers = attributes.texts(layerNames, of: root) else { return nil }
    var found: [ExactName: KerasNames.Variable] = [:]
    func add(_ group: String, _ describe: (String) -> (layer: String, className: String?, name: String)) {
      for weight in attributes.texts(weightNames, of: group) ?? [] {
        let (layer, className, name) = describe(weight)
        let path = group.isEmpty ? weight : "\(group)/\(weight)"
        found[ExactName(path)] = KerasNames.Variable(
          layer: layer, className: className, name: name, rank: found.count)
      }
    }
    for layer in layers + [topLevel] {
      add(root.isEmpty ? layer : "\(root)/\(layer)") { weight in
        described(withoutNumber(weight), of: layer, attributes.config)
      }
    }
    add("optimizer_weights") { (KerasNames.optimizer, nil, withoutNumber($0)) }
    return catalog.tensors.map { found[ExactName($0.info.name)] }
  }

  private static let layerNames = "layer_names"
  private static let weightNames = "weight_names"
  /// Where Keras 3 keeps what belongs to no layer.
  private static let topLevel = "top_level_model_weights"

  /// A weight's name without the number of the output that TensorFlow put behind it.
  private static func withoutNumber(_ weight: String) -> String {
    guard let colon = weight.lastIndex(of: ":"), Int(weight[weight.index(after: colon)...]) != nil else {
      return weight
    }
    return String(weight[..<colon])
  }

  /// A weight's name holds scopes, among them the layer's own; what stands behind that, within models their layers' names,
  /// is what it is to the layer.
  private static func described(
    _ weight: String, of layer: String, _ config: KerasConfig?
  ) -> (layer: String, className: String?, name: String) {
    var parts = weight.split(separator: "/", omittingEmptySubsequences: false).map(String.init)[...]
    parts = behind(layer, parts)
    var path = [layer]
    var node = config.flatMap { config in config.layersByName[layer].map { config.layers[$0] } }
    while let model = node, !model.layers.isEmpty, let (child, rest) = child(of: model, parts) {
      path.append(child.name ?? "")
      (node, parts) = (child, rest)
    }
    let className = node.flatMap { $0.className.isEmpty ? nil : $0.className }
    return (path.joined(separator: "/"), className, parts.joined(separator: "/"))
  }

  /// The layer of `model` that a weight is of: the one whose name stands in the scopes, else the only one of a model within
  /// in whose layers the name stands.
  private static func child(
    of model: KerasConfig, _ parts: ArraySlice<String>
  ) -> (child: KerasConfig, rest: ArraySlice<String>)? {
    let places = model.layersByName
    for (index, part) in parts.dropLast().enumerated() {
      if let place = places[part] { return (model.layers[place], behind(part, parts.dropFirst(index))) }
    }
    let inner = model.layers.filter { !$0.layers.isEmpty && child(of: $0, parts) != nil }
    return inner.count == 1 ? (inner[0], parts) : nil
  }

  /// What stands behind the last `name`, if one of the scopes is that.
  private static func behind(_ name: String, _ parts: ArraySlice<String>) -> ArraySlice<String> {
    guard let place = parts.dropLast().lastIndex(of: name) else { return parts }
    return parts[(place + 1)...]
  }
}
