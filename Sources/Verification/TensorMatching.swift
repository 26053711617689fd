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

  /// Matches the tensors whose names `includes` lets through.
  init(_ a: Catalog, _ b: Catalog, includes: (String) -> Bool) {
    let inA = a.tensors.indices.filter { includes(a.tensors[$0].info.name) }
    let inB = b.tensors.indices.filter { includes(b.tensors[$0].info.name) }
    var partner: [Int: Int] = [:]
    var taken: Set<Int> = []
    func match(_ key: (Catalog, Int) -> Key) {
      // Backwards, so that the first of a name is the last in its list and the first to be taken.
      var candidates = Dictionary(grouping: inB.reversed().filter { !taken.contains($0) }) { key(b, $0) }
      for index in inA where partner[index] == nil {
        guard let other = candidates[key(a, index)]?.popLast() else { continue }
        partner[index] = other
        taken.insert(other)
      }
    }
    if a.files.count > 1 && b.files.count > 1 {
      match { Key(file: $0.file(of: $1), name: $0.tensors[$1].info.name) }
    }
    match { Key(file: "", name: $0.tensors[$1].info.name) }

    for index in inA {
      if let other = partner[index] { pairs.append((index, other)) } else { onlyInA.append(index) }
    }
    onlyInB = inB.filter { !taken.contains($0) }
  }

  /// Two strings, told apart by their bytes: `String` takes canonically equivalent ones as equal.
  private struct Key: Hashable {
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
