package import TensorModel

extension SafetensorsHeader {
  /// Takes what stands under the key `tare.metadata`: the list, or that a tensor holds it.
  mutating func addMetadata(
    _ typed: (text: String, position: Int), _ pairs: [(key: String, value: String)], _ limits: Limits
  ) throws(ModelError) {
    guard typed.text != SafetensorsMetadata.tensorMark else {
      metadataTensor = try metadataTensor(limits, at: typed.position)
      return
    }
    do throws(ModelError) {
      let text = Array(typed.text.utf8)
      metadata = try SafetensorsMetadata.join(unsafe MetadataText.parse(text.span.bytes), pairs)
    } catch {
      var error = error.inside("'\(SafetensorsMetadata.key)'")
      // Escapes make places in the text others than in the file.
      if let offset = error.byteOffset { error.message += ", byte \(offset) of the text" }
      error.byteOffset = typed.position
      throw error
    }
  }

  private func metadataTensor(_ limits: Limits, at position: Int) throws(ModelError) -> Int {
    let name = SafetensorsMetadata.key
    guard let tensor = tensors.firstIndex(where: { $0.info.name == name }) else {
      throw ModelError(.malformed, "tensor '\(name)' is missing, which is to hold the metadata", at: position)
    }
    let info = tensors[tensor].info
    guard info.dtype == .u8, info.shape.count == 1, info.byteCount <= limits.headerBytes else {
      throw ModelError(
        .malformed,
        "tensor '\(name)' is \(info.dtype.name) \(info.shape), expected U8 of one dimension of at most "
          + "\(limits.headerBytes) for metadata", at: position)
    }
    return tensor
  }

  /// Completes the metadata by the bytes of `metadataTensor`.
  /// - Parameter origin: the offset in the file of the tensor.
  /// - Throws: `malformed` where they are no list, or one that contradicts `__metadata__`; `unsupported` for a type that
  ///   this build does not know.
  package mutating func readMetadata(_ bytes: RawSpan, origin: Int) throws(ModelError) {
    let pairs = metadata.map { (key: $0.key, value: $0.value.string!) }
    metadata = try within("tensor '\(SafetensorsMetadata.key)'") { () throws(ModelError) in
      try SafetensorsMetadata.join(MetadataText.parse(bytes, origin: origin), pairs)
    }
  }
}
