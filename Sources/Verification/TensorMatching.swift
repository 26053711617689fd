import Containers
import TensorModel

/// Which tensors of two catalogs belong together. The order of the tensors does not matter.
///
/// Where both models have several files, tensors of the same file and name go together first. What is left goes together
/// by name alone, the first with the first where a name comes back, so that a checkpoint cut into other shards still
/// matches. Names are compared byte by byte.
struct TensorMatching {
  /// Indices into the catalogs, in the order of the first.
  private(set) var pairs: [(a: Int, b: Int)] = []
  private(set) var onlyInA: [Int] = []
  private(set) var onlyInB: [Int] = []

  /// Matches the tensors of `a`, once they have the names that `renaming` gives them, with those of `b`, and keeps what
  /// `includes` lets through: by the name in `a`; of those that `b` alone has, by that in `b`.
  /// - Throws: `usage` for a rule that fits no tensor, and where two names of `a` would become one.
  init(
    _ a: Catalog, _ b: Catalog, _ renaming: [RenameRule] = [], includes: (String) -> Bool
  ) throws(ModelError) {
    let names = try Self.renamed(a, renaming)
    var partner: [Int: Int] = [:]
    var taken: Set<Int> = []
    func match(_ keyOfA: (Int) -> Key, _ keyOfB: (Int) -> Key) {
      // Backwards, so that the first of a name is the last in its list and the first to be taken.
      var candidates = Dictionary(grouping: b.tensors.indices.reversed().filter { !taken.contains($0) }) { keyOfB($0) }
      for index in a.tensors.indices where partner[index] == nil {
        guard let other = candidates[keyOfA(index)]?.popLast() else { continue }
        partner[index] = other
        taken.insert(other)
      }
    }
    if a.files.count > 1 && b.files.count > 1 {
      match(
        { Key(file: a.file(of: $0), name: names[$0]) }, { Key(file: b.file(of: $0), name: b.tensors[$0].info.name) })
    }
    match({ Key(file: "", name: names[$0]) }, { Key(file: "", name: b.tensors[$0].info.name) })

    for index in a.tensors.indices where includes(a.tensors[index].info.name) {
      if let other = partner[index] { pairs.append((index, other)) } else { onlyInA.append(index) }
    }
    onlyInB = b.tensors.indices.filter { !taken.contains($0) && includes(b.tensors[$0].info.name) }
  }

  /// The names that the rules give the tensors, each rule applied to what the one before made.
  private static func renamed(_ catalog: Catalog, _ rules: [RenameRule]) throws(ModelError) -> [String] {
    guard !rules.isEmpty else { return catalog.tensors.map(\.info.name) }
    var isUsed = rules.map { _ in false }
    var origins: [ExactName: String] = [:]
    var names: [String] = []
    for tensor in catalog.tensors {
      var name = tensor.info.name
      for (number, rule) in rules.enumerated() {
        guard let new = rule.renamed(name) else { continue }
        isUsed[number] = true
        name = new
      }
      let origin = origins.updateValue(tensor.info.name, forKey: ExactName(name))
      if let origin, ExactName(origin) != ExactName(tensor.info.name) {
        throw ModelError(.usage, "tensors '\(origin)' and '\(tensor.info.name)' would both be named '\(name)'")
      }
      names.append(name)
    }
    if let unused = isUsed.firstIndex(of: false) {
      throw ModelError(.usage, "--rename '\(rules[unused])' fits no tensor")
    }
    return names
  }

  /// Two strings, told apart by their bytes: `String` takes canonically equivalent ones as equal.
  fileprivate struct Key: Hashable {
    private let file: [UInt8]
    private let name: [UInt8]

    init(file: String, name: String) {
      self.file = Array(file.utf8)
      self.name = Array(name.utf8)
    }
  }
}

extension Catalog {
  /// The path of the file that holds the tensor.
  func file(of tensor: Int) -> String { files[tensors[tensor].file].path }
}
