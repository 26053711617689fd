import TensorModel

/// Tensors without dimensions, which readers of GGUF fail on: they get one of size 1, and a key behind all others lists their
/// names, so that they are without again when they are read here (`formats/gguf.md`).
enum GGUFScalars {
  static let key = "tare.scalars"

  /// The metadata of a file with these tensors.
  /// - Throws: `unsupported` where the list has the key that tells.
  static func encoded(_ metadata: [MetadataEntry], _ tensors: [TensorInfo]) throws(ModelError) -> [MetadataEntry] {
    guard !metadata.contains(where: { $0.key == key }) else {
      throw ModelError(.unsupported, "metadata '\(key)': that key says in GGUF which tensors have no dimensions")
    }
    var names = MetadataStrings()
    for info in tensors where info.shape.isEmpty { names.append(info.name.utf8) }
    guard names.count > 0 else { return metadata }
    return metadata + [MetadataEntry(key: key, value: .array(try MetadataArray(.strings(names))))]
  }

  /// The metadata without the key, and the tensors as they were.
  /// - Throws: `malformed` where it does not list tensors of one dimension of size 1, each once.
  static func decoded(
    _ metadata: [MetadataEntry], _ tensors: [GGUFHeader.Tensor]
  ) throws(ModelError) -> (metadata: [MetadataEntry], tensors: [GGUFHeader.Tensor]) {
    guard let place = metadata.firstIndex(where: { $0.key == key }) else { return (metadata, tensors) }
    return try within("key '\(key)'") { () throws(ModelError) in
      guard case .array(let array) = metadata[place].value, case .strings(let names) = array.elements else {
        throw ModelError(.malformed, "\(metadata[place].value.typeName), expected an array of strings")
      }
      var listed: Set<[UInt8]> = []
      for index in 0..<names.count {
        guard listed.insert(Array(names[index])).inserted else { throw ModelError(.malformed, "a name comes twice") }
      }
      var tensors = tensors
      for (number, tensor) in tensors.enumerated() where listed.remove(Array(tensor.info.name.utf8)) != nil {
        guard tensor.info.shape == [1] else {
          throw ModelError(.malformed, "tensor '\(tensor.info.name)' has shape \(tensor.info.shape), expected [1]")
        }
        let info = try TensorInfo(name: tensor.info.name, dtype: tensor.info.dtype, shape: [])
        tensors[number] = GGUFHeader.Tensor(info: info, range: tensor.range)
      }
      guard listed.isEmpty else { throw ModelError(.malformed, "a tensor that is not there") }
      var others = metadata
      others.remove(at: place)
      return (others, tensors)
    }
  }
}
