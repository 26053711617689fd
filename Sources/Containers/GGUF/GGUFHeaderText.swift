import TensorModel

/// The bytes of a GGUF header, version 3 (`formats/gguf.md`): metadata, then what each tensor is and where it lies.
struct GGUFHeaderText {
  private let byteOrder: ByteOrder
  private(set) var bytes: [UInt8] = []

  /// - Parameters:
  ///   - tensors: their offsets count from the start of the data.
  ///   - alignment: of the data; the header is padded to it.
  /// - Throws: `unsupported` for metadata and types that GGUF lacks.
  init(
    metadata: [MetadataEntry], tensors: [(info: TensorInfo, offset: Int)], alignment: Int, byteOrder: ByteOrder
  ) throws(ModelError) {
    self.byteOrder = byteOrder
    bytes += GGUFHeader.magic
    integer(UInt32(3))
    integer(UInt64(tensors.count))
    integer(UInt64(metadata.count))
    for entry in metadata {
      try within("metadata '\(entry.key)'") { () throws(ModelError) in try append(entry) }
    }
    for (info, offset) in tensors {
      try within("tensor '\(info.name)'") { () throws(ModelError) in try append(info, at: offset) }
    }
    bytes += [UInt8](repeating: 0, count: bytes.count.padding(to: alignment))
  }

  private mutating func append(_ entry: MetadataEntry) throws(ModelError) {
    guard !entry.key.isEmpty, entry.key.utf8.count <= GGUFLimits.longestKey else {
      throw ModelError(
        .unsupported, "a key of \(entry.key.utf8.count) bytes, GGUF allows 1 to \(GGUFLimits.longestKey)")
    }
    string(Array(entry.key.utf8))
    integer(try GGUFValueType(entry.value).id)
    try append(entry.value)
  }

  private mutating func append(_ value: MetadataValue) throws(ModelError) {
    switch value {
    case .number(let number): bits(number.bits, count: number.type.byteCount)
    case .string(let text): string(text)
    case .array(let array): try append(array)
    }
  }

  private mutating func append(_ array: MetadataArray) throws(ModelError) {
    guard array.shape.count == 1 else {
      throw ModelError(.unsupported, "an array of \(array.shape.count) dimensions, GGUF's have one")
    }
    integer(try GGUFValueType(array.elements).id)
    integer(UInt64(array.count))
    switch array.elements {
    case .numbers(let type, let numbers):
      guard byteOrder == .big, type.byteCount > 1 else {
        bytes += numbers
        return
      }
      for start in stride(from: 0, to: numbers.count, by: type.byteCount) {
        bytes += numbers[start..<(start + type.byteCount)].reversed()
      }
    case .strings(let strings):
      for index in 0..<strings.count { string(strings[index]) }
    case .arrays(let arrays):
      for inner in arrays { try append(inner) }
    }
  }

  private mutating func append(_ info: TensorInfo, at offset: Int) throws(ModelError) {
    let name = Array(info.name.utf8)
    guard name.count <= GGUFLimits.longestName else {
      throw ModelError(
        .unsupported, "a name of \(name.count) bytes, readers of GGUF take at most \(GGUFLimits.longestName)",
        hint: "--rename shortens it")
    }
    guard info.shape.count <= GGUFLimits.mostDimensions else {
      throw ModelError(
        .unsupported, "\(info.shape.count) dimensions, GGUF holds at most \(GGUFLimits.mostDimensions)",
        hint: "--exclude leaves it out")
    }
    guard let type = info.dtype.ggmlID else {
      throw ModelError(
        .unsupported, "GGUF has no \(info.dtype.name)",
        hint: info.dtype.isFloat ? "--dtype f16 casts it; --exclude leaves it out" : "--exclude leaves it out")
    }
    let shape = info.shape.isEmpty ? [1] : info.shape
    string(name)
    integer(UInt32(shape.count))
    for dimension in shape.reversed() { integer(UInt64(dimension)) }
    integer(type)
    integer(UInt64(offset))
  }

  /// Bytes behind their number.
  private mutating func string(_ text: some Collection<UInt8>) {
    integer(UInt64(text.count))
    bytes += text
  }

  private mutating func integer(_ value: some FixedWidthInteger & UnsignedInteger) {
    bits(UInt64(value), count: value.bitWidth / 8)
  }

  private mutating func bits(_ value: UInt64, count: Int) {
    for index in 0..<count {
      let place = byteOrder == .big ? count - 1 - index : index
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * place)))
    }
  }
}

extension Int {
  /// What is missing to the next multiple of `alignment`.
  func padding(to alignment: Int) -> Int { (alignment - self % alignment) % alignment }
}

extension DType {
  fileprivate var isFloat: Bool { if case .float = values { true } else { false } }
}
