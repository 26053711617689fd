import TensorModel

/// What `tare formats` lists. The data types come from the model of a tensor itself.
enum FormatsTable {
  struct Container {
    let name: String
    let reads: Bool
    let writes: Bool
    let description: String
  }

  struct Encoding {
    /// The id under which a packed file names it.
    let id: String
    let stage: String
    let description: String
  }

  static let containers = [
    Container(
      name: "safetensors", reads: true, writes: false,
      description: "one file, a sharded checkpoint with its index, or a folder that holds one"),
    Container(name: "tare", reads: true, writes: true, description: "packed models: lossless, checked, random access"),
  ]

  static let encodings = [
    Encoding(id: "bitmask", stage: "mask", description: "one bit an element: zero or not"),
    Encoding(id: "gaps", stage: "mask", description: "one byte to the next non-zero element"),
    Encoding(id: "raw", stage: "value", description: "the bytes as they are"),
    Encoding(id: "constant", stage: "value", description: "one element that fills the chunk"),
    Encoding(id: "planes", stage: "value", description: "exponents apart from signs and mantissas"),
    Encoding(id: "fused", stage: "value", description: "exponent rank and leading mantissa bits in one byte"),
    Encoding(id: "bytes", stage: "value", description: "byte planes of integers and other types"),
  ]
}

extension DType {
  /// What one element is, in a word or two.
  var kindText: String {
    switch values {
    case .boolean: "boolean"
    case .unsigned: "unsigned integer"
    case .signed: "signed integer"
    case .float: "float"
    case .complex: "complex"
    case .opaque: "opaque"
    }
  }
}
