import HDF5Protocol
import TensorModel

extension HDF5Attribute {
  /// The strings, where they are strings.
  var texts: [[UInt8]]? {
    switch (value, type) {
    case (.strings(let strings), _): return strings
    case (.bytes(let bytes), .string(let count?, let padding)):
      return stride(from: 0, to: bytes.count - bytes.count % count, by: count).map {
        padding.text(of: bytes[$0..<($0 + count)])
      }
    default: return nil
    }
  }

  /// The attribute as metadata has it.
  /// - Throws: `unsupported` where metadata have no such type; `malformed` where the value is not as large as its shape.
  func metadataValue() throws(ModelError) -> MetadataValue {
    guard case .simple(let shape) = space else { throw ModelError(.unsupported, "a null dataspace") }
    if let texts {
      guard let whole = shape.isEmpty ? texts.first : nil else {
        return .array(try MetadataArray(shape: shape, .strings(MetadataStrings(texts))))
      }
      return .string(whole)
    }
    guard case .bytes(let bytes) = value, let element = HDF5ElementType(type, marks: .none),
      let number = element.dtype.metadataType
    else { throw ModelError(.unsupported, type.kindText) }
    let numbers = element.isBigEndian ? bytes.turned(by: number.byteCount) : bytes
    let whole = shape + element.shape
    guard whole.isEmpty else { return .array(try MetadataArray(shape: whole, .numbers(number, numbers))) }
    return try MetadataArray(.numbers(number, numbers)).elements.only()
  }
}

extension MetadataArray.Elements {
  fileprivate func only() throws(ModelError) -> MetadataValue {
    guard count == 1 else { throw ModelError(.malformed, "\(count) elements, expected one") }
    return self[0]
  }
}

extension MetadataStrings {
  fileprivate init(_ strings: [[UInt8]]) {
    self.init()
    reserveCapacity(strings.count)
    for string in strings { append(string) }
  }
}

extension HDF5Padding {
  /// A string of fixed length without what fills it.
  func text(of bytes: ArraySlice<UInt8>) -> [UInt8] {
    switch self {
    case .terminated: return Array(bytes.prefix { $0 != 0 })
    case .nuls: return Array(bytes[..<((bytes.lastIndex { $0 != 0 } ?? bytes.startIndex - 1) + 1)])
    case .spaces: return Array(bytes[..<((bytes.lastIndex { $0 != 32 } ?? bytes.startIndex - 1) + 1)])
    }
  }
}

extension DType {
  /// The type that metadata have for it.
  fileprivate var metadataType: MetadataNumber.NumberType? { MetadataNumber.NumberType(rawValue: name.lowercased()) }

  /// The dtype of numbers in metadata.
  init(metadata type: MetadataNumber.NumberType) { self = .named(type.rawValue.uppercased())! }
}

extension [UInt8] {
  /// With the bytes of each number of `width` the other way round.
  fileprivate func turned(by width: Int) -> [UInt8] {
    indices.map { self[$0 / width * width + (width - 1 - $0 % width)] }
  }
}
