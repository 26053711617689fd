import TensorModel

/// The type of a value of metadata, by its number in the file.
enum GGUFValueType: Hashable, Sendable {
  case number(MetadataNumber.NumberType)
  case string
  case array

  init?(id: UInt32) {
    switch id {
    case 0: self = .number(.u8)
    case 1: self = .number(.i8)
    case 2: self = .number(.u16)
    case 3: self = .number(.i16)
    case 4: self = .number(.u32)
    case 5: self = .number(.i32)
    case 6: self = .number(.f32)
    case 7: self = .number(.bool)
    case 8: self = .string
    case 9: self = .array
    case 10: self = .number(.u64)
    case 11: self = .number(.i64)
    case 12: self = .number(.f64)
    default: return nil
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
