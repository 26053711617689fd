import TensorModel

/// GGUF's numbers for types, and its limits (`formats/gguf.md`).
enum GGUFTypes {
  static let longestKey = 65_535
  /// ggml holds names in 64 bytes, of which the last is 0.
  static let longestName = 63
  static let mostDimensions = 4
  static let standardAlignment = 32

  private static let dtypes: [(id: UInt32, dtype: DType)] = [
    (0, .f32), (1, .f16), (2, .q4_0), (3, .q4_1), (6, .q5_0), (7, .q5_1), (8, .q8_0), (9, .q8_1), (10, .q2_k),
    (11, .q3_k), (12, .q4_k), (13, .q5_k), (14, .q6_k), (15, .q8_k), (16, .iq2_xxs), (17, .iq2_xs), (18, .iq3_xxs),
    (19, .iq1_s), (20, .iq4_nl), (21, .iq3_s), (22, .iq2_s), (23, .iq4_xs), (24, .i8), (25, .i16), (26, .i32),
    (27, .i64), (28, .f64), (29, .iq1_m), (30, .bf16), (34, .tq1_0), (35, .tq2_0), (39, .mxfp4), (40, .nvfp4),
    (41, .q1_0), (42, .q2_0),
  ]
  private static let ids = Dictionary(uniqueKeysWithValues: dtypes.map { ($0.dtype, $0.id) })

  /// ggml's number for the type; nil where it has none.
  static func id(of dtype: DType) -> UInt32? { ids[dtype] }

  private static let numbers: [MetadataNumber.NumberType: UInt32] = [
    .u8: 0, .i8: 1, .u16: 2, .i16: 3, .u32: 4, .i32: 5, .f32: 6, .bool: 7, .u64: 10, .i64: 11, .f64: 12,
  ]
  private static let (string, array): (UInt32, UInt32) = (8, 9)

  static func id(of value: MetadataValue) throws(ModelError) -> UInt32 {
    switch value {
    case .number(let number): try id(of: number.type)
    case .string: string
    case .array: array
    }
  }

  static func id(of elements: MetadataArray.Elements) throws(ModelError) -> UInt32 {
    switch elements {
    case .numbers(let type, _): try id(of: type)
    case .strings: string
    case .arrays: array
    }
  }

  private static func id(of type: MetadataNumber.NumberType) throws(ModelError) -> UInt32 {
    guard let id = numbers[type] else {
      throw ModelError(.unsupported, "GGUF's metadata has no \(type.rawValue)")
    }
    return id
  }

  /// llama.cpp's number for a file whose weights are mostly of the type (`llama_ftype`, not ggml's own numbering); nil
  /// where it has none.
  static func fileType(of dtype: DType) -> UInt32? { fileTypes[dtype] }

  private static let fileTypes: [DType: UInt32] = [
    .f32: 0, .f16: 1, .q4_0: 2, .q4_1: 3, .q8_0: 7, .q5_0: 8, .q5_1: 9, .q2_k: 10, .q3_k: 11, .q4_k: 14, .q5_k: 16,
    .q6_k: 18, .iq2_xxs: 19, .iq2_xs: 20, .iq3_xxs: 23, .iq1_s: 24, .iq4_nl: 25, .iq3_s: 26, .iq2_s: 28, .iq4_xs: 30,
    .iq1_m: 31, .bf16: 32, .tq1_0: 36, .tq2_0: 37, .mxfp4: 38, .nvfp4: 39, .q1_0: 40,
  ]
}
