import TensorModel

/// The type of a value of metadata, by its number in the file.
enum GGUFValueType: Hashable, Sendable {
  case number(MetadataNumber.NumberType)
  case string
  case array

  private static let numbered: [(id: UInt32, type: GGUFValueType)] = [
    (0, .number(.u8)), (1, .number(.i8)), (2, .number(.u16)), (3, .number(.i16)), (4, .number(.u32)),
    (5, .number(.i32)), (6, .number(.f32)), (7, .number(.bool)), (8, .string), (9, .array), (10, .number(.u64)),
    (11, .number(.i64)), (12, .number(.f64)),
  ]
  private static let ids = Dictionary(uniqueKeysWithValues: numbered.map { ($0.type, $0.id) })

  init?(id: UInt32) {
    guard let found = Self.numbered.first(where: { $0.id == id }) else { return nil }
    self = found.type
  }

  init(_ value: MetadataValue) {
    switch value {
    case .number(let number): self = .number(number.type)
    case .string: self = .string
    case .array: self = .array
    }
  }

  init(_ elements: MetadataArray.Elements) {
    switch elements {
    case .numbers(let type, _): self = .number(type)
    case .strings: self = .string
    case .arrays: self = .array
    }
  }

  /// The number of the type.
  /// - Throws: `unsupported` for F16, which GGUF's metadata lacks.
  var id: UInt32 {
    get throws(ModelError) {
      guard let id = Self.ids[self] else { throw ModelError(.unsupported, "GGUF's metadata has no F16") }
      return id
    }
  }

  /// The fewest bytes of a value: a string has its length, an array its type and count.
  var leastBytes: Int {
    switch self {
    case .number(let type): type.byteCount
    case .string: 8
    case .array: 12
    }
  }
}
