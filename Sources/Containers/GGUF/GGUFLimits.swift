import TensorModel

/// What GGUF files are written within, so that every reader takes them (`formats/gguf.md`).
enum GGUFLimits {
  static let longestKey = 65_535
  /// ggml holds names in 64 bytes, of which the last is 0.
  static let longestName = 63
  static let mostDimensions = 4
  static let standardAlignment = 32
}

extension DType {
  /// llama.cpp's number for a file whose weights are mostly of this type (`llama_ftype`, not ggml's own numbering); nil
  /// where it has none.
  var llamaFileType: UInt32? { Self.llamaFileTypes[self] }

  private static let llamaFileTypes: [DType: UInt32] = [
    .f32: 0, .f16: 1, .q4_0: 2, .q4_1: 3, .q8_0: 7, .q5_0: 8, .q5_1: 9, .q2_k: 10, .q3_k: 11, .q4_k: 14, .q5_k: 16,
    .q6_k: 18, .iq2_xxs: 19, .iq2_xs: 20, .iq3_xxs: 23, .iq1_s: 24, .iq4_nl: 25, .iq3_s: 26, .iq2_s: 28, .iq4_xs: 30,
    .iq1_m: 31, .bf16: 32, .tq1_0: 36, .tq2_0: 37, .mxfp4: 38, .nvfp4: 39, .q1_0: 40,
  ]
}
