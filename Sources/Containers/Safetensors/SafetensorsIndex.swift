import ByteStore
package import TensorModel

/// The index of a sharded checkpoint, `*.safetensors.index.json`: which file holds which tensor.
///
/// Only `weight_map` counts. `metadata.total_size` is not looked at: writers disagree on what it means.
package struct SafetensorsIndex: Sendable {
  /// The names of the tensors that the index knows.
  let tensors: NameIndex
  /// Per tensor, an index into `shards`.
  let shardOfTensor: [Int]
  /// Distinct file names, bytewise sorted, each of them one name beside the index.
  package let shards: [String]

  /// Reads the index at `path`, which every error names as its outermost context.
  init(path: String, limits: Limits) throws(ModelError) {
    self = try within(path) { () throws(ModelError) in
      let map = try MappedFile(path: path)
      return try map.withBytes(0..<map.byteCount) { bytes throws(ModelError) in
        try SafetensorsIndex(bytes, limits: limits)
      }
    }
  }

  /// - Throws: `malformed` where the document is no index, names a tensor twice, or names a file that is not simply a file
  ///   name.
  package init(_ document: RawSpan, limits: Limits) throws(ModelError) {
    guard document.byteCount <= limits.headerBytes else {
      throw ModelError(
        .malformed, "an index of \(document.byteCount) bytes, expected at most \(limits.headerBytes)")
    }
    var scanner = JSONScanner(document, maximumDepth: limits.jsonDepth)
    var members = NameIndex()
    var weightMap: WeightMap?
    try scanner.beginObject("the index")
    while let key = try scanner.nextKey() {
      let member = scanner.text(key)
      guard members.insert(member) == nil else {
        throw ModelError(.malformed, "member '\(member)' comes twice", at: scanner.offset(of: key))
      }
      if member == "weight_map" {
        weightMap = try WeightMap(&scanner, limits: limits)
      } else {
        try scanner.skipValue()
      }
    }
    try scanner.end(of: "the index")
    guard let weightMap else {
      throw ModelError(.malformed, "member 'weight_map' is missing: not the index of a sharded checkpoint")
    }
    guard !weightMap.isEmpty else { throw ModelError(.malformed, "'weight_map' names no tensor") }
    (tensors, shardOfTensor, shards) = weightMap.sorted()
  }

  /// Where `tensor` lies by the index.
  func shard(of tensor: String) -> Int? { tensors[tensor].map { shardOfTensor[$0] } }
}

/// `weight_map` as it stands: tensors and files in the order of the document.
private struct WeightMap {
  private var tensors = NameIndex()
  private var shardOfTensor: [Int] = []
  private var shards = NameIndex()

  init(_ scanner: inout JSONScanner, limits: Limits) throws(ModelError) {
    try scanner.beginObject("'weight_map'")
    while let key = try scanner.nextKey() {
      let tensor = scanner.text(key)
      guard tensors.insert(tensor) == nil else {
        throw ModelError(.malformed, "tensor '\(tensor)' comes twice", at: scanner.offset(of: key))
      }
      let value = try scanner.string("the file of tensor '\(tensor)'")
      let file = scanner.text(value)
      if let known = shards[file] {
        shardOfTensor.append(known)
        continue
      }
      guard RelativePath.isName(file) else {
        throw ModelError(
          .malformed, "file '\(file)' of tensor '\(tensor)', expected a name without a folder",
          at: scanner.offset(of: value))
      }
      guard shards.count < limits.files else {
        throw ModelError(.malformed, "more than \(limits.files) files", at: scanner.offset(of: value))
      }
      shardOfTensor.append(shards.count)
      _ = shards.insert(file)
    }
  }

  var isEmpty: Bool { tensors.count == 0 }

  /// The files in bytewise order, in which shards are numbered.
  func sorted() -> (tensors: NameIndex, shardOfTensor: [Int], shards: [String]) {
    let order = shards.names.indices.sorted { ExactName(shards.names[$0]) < ExactName(shards.names[$1]) }
    var rank = Array(repeating: 0, count: order.count)
    for (place, shard) in order.enumerated() { rank[shard] = place }
    return (tensors, shardOfTensor.map { rank[$0] }, order.map { shards.names[$0] })
  }
}
