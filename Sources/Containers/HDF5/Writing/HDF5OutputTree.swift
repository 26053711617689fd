import HDF5Protocol
import TensorModel

/// The groups and datasets of a file that is written, and the attributes of each.
struct HDF5OutputTree {
  struct Node {
    /// The number of the tensor that a dataset holds; nil of a group.
    var tensor: Int?
    /// What lies in a group, by the bytes of their names.
    var children: [(name: [UInt8], node: Int)] = []
    /// By the bytes of their names.
    var attributes: [(name: [UInt8], value: MetadataValue)] = []
  }

  /// The root first.
  private(set) var nodes = [Node()]
  /// By their paths; a group's is not followed by a slash.
  private var numbers: [ExactName: Int] = [ExactName(""): 0]

  /// The tree of datasets with these names, in which order they are numbered.
  /// - Throws: `unsupported` for a name that is no path, or goes through another dataset; `malformed` where two are equal.
  init(names: some Sequence<String>) throws(ModelError) {
    for (number, name) in names.enumerated() {
      try within("tensor '\(name)'") { () throws(ModelError) in try add(name, tensor: number) }
    }
    guard nodes.count - 1 <= HDF5Limits.links else {
      throw ModelError(
        .unsupported, "\(nodes.count - 1) groups and datasets, HDF5 files have at most \(HDF5Limits.links) here")
    }
  }

  /// Puts what lies in groups, and attributes, into the order of their names.
  mutating func sort() {
    for number in nodes.indices {
      nodes[number].children.sort { $0.name.lexicographicallyPrecedes($1.name) }
      nodes[number].attributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
    }
  }

  private mutating func add(_ name: String, tensor: Int) throws(ModelError) {
    guard Self.isPath(name) else {
      throw ModelError(
        .unsupported,
        "HDF5 divides names at /: no part of them may be empty or a dot, and there are at most \(HDF5Limits.depth)",
        hint: "--rename changes it")
    }
    guard let parent = group(Self.parent(of: name)) else {
      throw ModelError(
        .unsupported, "HDF5 can't hold it in another tensor, whose name is the front of its own",
        hint: "--rename changes it")
    }
    if let other = numbers[ExactName(name)] {
      guard nodes[other].tensor == nil else { throw ModelError(.malformed, "comes twice") }
      throw ModelError(
        .unsupported, "HDF5 can't hold another tensor in it, whose name begins with its own",
        hint: "--rename changes it")
    }
    insert(Node(tensor: tensor), name, in: parent)
  }

  /// Numbers the datasets of a sorted tree anew, in the order in which a reader meets them.
  /// - Returns: the numbers that they had, in that order.
  mutating func renumber() -> [Int] {
    var old: [Int] = []
    walk { _, node in if let tensor = node.tensor { old.append(tensor) } }
    var new = old
    for (number, tensor) in old.enumerated() { new[tensor] = number }
    for node in nodes.indices { nodes[node].tensor = nodes[node].tensor.map { new[$0] } }
    return old
  }

  /// Gives an object an attribute that it does not have; makes it, a group, where it isn't there.
  /// - Returns: false where there can't be such an object, or it has too many attributes.
  mutating func add(_ value: MetadataValue, named attribute: String, to path: String) -> Bool {
    guard let number = numbers[ExactName(path)] ?? (Self.isPath(path) ? group(path) : nil),
      nodes[number].attributes.count < Self.mostAttributes
    else { return false }
    nodes[number].attributes.append((Array(attribute.utf8), value))
    return true
  }

  /// A header's messages are counted in 16 bits, and readers look through them all.
  private static let mostAttributes = 10_000

  /// The number of a group, which is made where it isn't there; nil where a dataset is in the way.
  private mutating func group(_ path: String) -> Int? {
    if let number = numbers[ExactName(path)] { return nodes[number].tensor == nil ? number : nil }
    guard let parent = group(Self.parent(of: path)) else { return nil }
    return insert(Node(), path, in: parent)
  }

  @discardableResult private mutating func insert(_ node: Node, _ path: String, in parent: Int) -> Int {
    let number = nodes.count
    nodes.append(node)
    numbers[ExactName(path)] = number
    nodes[parent].children.append((Self.name(of: path), number))
    return number
  }

  /// Calls `body` for each object in the order in which a reader walks a sorted tree: depth first, by the bytes of names.
  func walk(_ body: (_ path: String, Node) -> Void) {
    func visit(_ number: Int, _ path: [UInt8]) {
      let node = nodes[number]
      body(String(decoding: path, as: UTF8.self), node)
      for child in node.children { visit(child.node, path.isEmpty ? child.name : path + [0x2F] + child.name) }
    }
    visit(0, [])
  }

  /// Whether a name can be that of an object other than the root.
  private static func isPath(_ name: String) -> Bool {
    let parts = name.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
    return !name.utf8.contains(0) && parts.count <= HDF5Limits.depth - 1
      && parts.allSatisfy { !$0.isEmpty && !$0.elementsEqual(".".utf8) }
  }

  private static func parent(of path: String) -> String {
    path.utf8.lastIndex(of: 0x2F).map { String(decoding: path.utf8[..<$0], as: UTF8.self) } ?? ""
  }

  private static func name(of path: String) -> [UInt8] {
    path.utf8.lastIndex(of: 0x2F).map { Array(path.utf8[path.utf8.index(after: $0)...]) } ?? Array(path.utf8)
  }
}
