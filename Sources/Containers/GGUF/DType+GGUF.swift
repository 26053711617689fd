package import TensorModel

extension DType {
  /// The dtypes of ggml by their number in a GGUF file; nil for one that it has removed or never had.
  package static func ggml(id: UInt32) -> DType? { byID[id] }

  /// The number of the dtype in a GGUF file; nil for one that ggml lacks.
  package var ggmlID: UInt32? { Self.ids[self] }

  /// Whether ggml had a dtype of that number once.
  static func wasRemovedFromGGML(id: UInt32) -> Bool { [4, 5, 31, 32, 33, 36, 37, 38].contains(id) }

  private static let byID = Dictionary(uniqueKeysWithValues: numbered)
  private static let ids = Dictionary(uniqueKeysWithValues: numbered.map { ($1, $0) })

  private static let numbered: [(UInt32, DType)] = [
    (0, .f32), (1, .f16), (2, .q4_0), (3, .q4_1), (6, .q5_0), (7, .q5_1), (8, .q8_0), (9, .q8_1), (10, .q2_k),
    (11, .q3_k), (12, .q4_k), (13, .q5_k), (14, .q6_k), (15, .q8_k), (16, .iq2_xxs), (17, .iq2_xs), (18, .iq3_xxs),
    (19, .iq1_s), (20, .iq4_nl), (21, .iq3_s), (22, .iq2_s), (23, .iq4_xs), (24, .i8), (25, .i16), (26, .i32),
    (27, .i64), (28, .f64), (29, .iq1_m), (30, .bf16), (34, .tq1_0), (35, .tq2_0), (39, .mxfp4), (40, .nvfp4),
    (41, .q1_0), (42, .q2_0),
  ]
}
