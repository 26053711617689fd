import Containers
import TensorModel

/// Names in the files of Keras 3: an array's path is the way from the model to it, `layers/dense_1/vars/0`, with layers by
/// class and number, and variables by number alone. The configuration, where it is there, tells names and order; else the
/// attributes of the groups tell names.
struct KerasPathNames {
  private let attributes: KerasAttributes
  /// How many arrays a group of variables has.
  private var counts: [String: Int] = [:]
  /// Of models in the configuration, by their paths.
  private var placesOfLayers: [String: [String: Int]] = [:]

  /// Nil where the arrays are no variables of Keras.
  static func variables(_ catalog: Catalog, _ attributes: KerasAttributes) -> [KerasNames.Variable?]? {
    guard catalog.tensors.allSatisfy({ $0.info.name.utf8.contains(UInt8(ascii: "/")) }) else { return nil }
    let paths = catalog.tensors.map { $0.info.name.split(separator: "/").map(String.init) }
    guard !paths.isEmpty, paths.allSatisfy({ $0.dropLast().last == variablesGroup }),
      paths.contains(where: { Int($0.last ?? "") != nil })
    else { return nil }
    var names = KerasPathNames(attributes: attributes)
    for path in paths { names.counts[path.dropLast().joined(separator: "/"), default: 0] += 1 }
    let found = paths.map { names.described($0) }
    let order = found.indices.sorted { found[$0].key == found[$1].key ? $0 < $1 : found[$0].key < found[$1].key }
    var variables = found.map(\.variable)
    for (rank, index) in order.enumerated() { variables[index].rank = rank }
    return variables
  }

  private static let variablesGroup = "vars"
  /// Where models keep their layers; the second name is that of Keras 2.13.
  private static let layerGroups: Set<String> = ["layers", "_layer_checkpoint_dependencies"]

  private init(attributes: KerasAttributes) { self.attributes = attributes }

  /// What a path means, and where in the model's order it stands.
  private mutating func described(_ path: [String]) -> (variable: KerasNames.Variable, key: [Step]) {
    let group = path.dropLast()
    let last = path[path.count - 1]
    var walk = Walk(config: attributes.config)
    for (index, part) in group.dropLast().enumerated() { walk.step(to: part, within: Array(group[..<index]), self) }
    let prefix = group.joined(separator: "/")
    let number = Int(last)
    let name = number.flatMap {
      KerasVariableNames.name(
        of: $0, count: counts[prefix] ?? 0, className: walk.className, path: walk.attributes, config: walk.config)
    }
    let key = walk.key + [Step(.variable, number ?? .max, last)]
    var inner = walk.attributeNames + [name ?? last]
    let layer = walk.layers.isEmpty ? layerOutside(walk, &inner) : walk.layers.joined(separator: "/")
    let variable = KerasNames.Variable(
      layer: layer, className: walk.className, name: inner.joined(separator: "/"), rank: 0)
    return (variable, key)
  }

  /// What holds variables that lie outside of the list of layers: the optimizer; an attribute of a model that was written as
  /// a class; the model itself.
  private func layerOutside(_ walk: Walk, _ inner: inout [String]) -> String {
    if walk.isOptimizer { return KerasNames.optimizer }
    return inner.count > 1 ? inner.removeFirst() : modelName
  }

  private var modelName: String { attributes.config?.name ?? groupName("") ?? "model" }

  /// The name that the object at `path` has of its own.
  fileprivate func groupName(_ path: String) -> String? {
    attributes.text("name", of: path.isEmpty ? Self.variablesGroup : "\(path)/\(Self.variablesGroup)")
  }

  /// A place in an order.
  fileprivate struct Step: Comparable {
    enum Kind: Int { case variable, part, optimizer }

    let kind: Kind
    let number: Int
    let text: String

    init(_ kind: Kind, _ number: Int, _ text: String) { (self.kind, self.number, self.text) = (kind, number, text) }

    static func < (left: Step, right: Step) -> Bool {
      (left.kind.rawValue, left.number, left.text) < (right.kind.rawValue, right.number, right.text)
    }
  }

  /// The way from the model to the object that a variable is of.
  fileprivate struct Walk {
    /// Of the layer or model that was reached; nil where the configuration doesn't lead there.
    private(set) var config: KerasConfig?
    private(set) var className: String?
    private(set) var layers: [String] = []
    /// What leads from there on.
    private(set) var attributes: [String] = []
    private(set) var attributeNames: [String] = []
    private(set) var key: [Step] = []
    private(set) var isOptimizer = false
    /// Whether the next part is a layer.
    private var isInLayers = false

    init(config: KerasConfig?) { self.config = config }

    mutating func step(to part: String, within path: [String], _ names: KerasPathNames) {
      let full = (path + [part]).joined(separator: "/")
      if isInLayers { return enterLayer(part, names.groupName(full)) }
      if layers.isEmpty, path.isEmpty, part == KerasNames.optimizer {
        isOptimizer = true
        key.append(Step(.optimizer, 0, part))
        return
      }
      isInLayers = layerGroups.contains(part) && attributes.isEmpty
      guard !isInLayers else { return }
      let (base, number) = KerasVariableNames.numbered(part)
      key += [Step(.part, .max, base), Step(.part, number, "")]
      attributes.append(part)
      attributeNames.append(names.groupName(full) ?? part)
    }

    private mutating func enterLayer(_ part: String, _ ownName: String?) {
      isInLayers = false
      let place = config?.layersByFileName[part]
      config = place.flatMap { place in config.map { $0.layers[place] } }
      layers.append(config?.name ?? ownName ?? part)
      className =
        config.flatMap { $0.className.isEmpty ? nil : $0.className } ?? KerasVariableNames.className(ofGroup: part)
      let (base, number) = KerasVariableNames.numbered(part)
      // In the configuration's order; what it does not know stands behind that, by its name.
      key +=
        place.map { [Step(.part, $0, ""), Step(.part, 0, "")] } ?? [Step(.part, .max, base), Step(.part, number, "")]
    }
  }
}

extension [KerasPathNames.Step] {
  fileprivate static func < (left: Self, right: Self) -> Bool { left.lexicographicallyPrecedes(right) }
}
