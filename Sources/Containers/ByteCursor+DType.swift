package import TensorModel

extension ByteCursor {
  /// A type as packed files state it: its name, and how many elements fill a block of how many bytes.
  /// - Throws: `malformed` where the blocks are too large, or not those of the type that this build knows by the name.
  package mutating func dtype() throws(ModelError) -> DType {
    let name = try string("the name of a type")
    let elements = try varint("the elements of a block")
    let bytes = try varint("the bytes of a block")
    let known = DType.named(name)
    guard (1...65536).contains(elements), (1...ChunkGrid.maximumChunkBytes).contains(bytes),
      known == nil || (known!.blockElements, known!.blockBytes) == (elements, bytes)
    else {
      throw ModelError(.malformed, "type '\(name)' has blocks of \(elements) elements in \(bytes) bytes")
    }
    return known ?? DType(name: name, blockElements: elements, blockBytes: bytes, values: .opaque)
  }

  /// Bytes behind their number.
  package mutating func octets(_ what: String) throws(ModelError) -> [UInt8] {
    let bytes = try take(try count("the length of \(what)"), what)
    return unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}
