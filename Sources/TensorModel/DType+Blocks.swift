/// The quantised block types of ggml: a block is a run of elements of one row, stored together with their scales.
extension DType {
  public static let q1_0 = block("Q1_0", 128, 18)
  public static let q2_0 = block("Q2_0", 64, 18)
  public static let q4_0 = block("Q4_0", 32, 18)
  public static let q4_1 = block("Q4_1", 32, 20)
  public static let q5_0 = block("Q5_0", 32, 22)
  public static let q5_1 = block("Q5_1", 32, 24)
  public static let q8_0 = block("Q8_0", 32, 34)
  public static let q8_1 = block("Q8_1", 32, 36)
  public static let q2_k = block("Q2_K", 256, 84)
  public static let q3_k = block("Q3_K", 256, 110)
  public static let q4_k = block("Q4_K", 256, 144)
  public static let q5_k = block("Q5_K", 256, 176)
  public static let q6_k = block("Q6_K", 256, 210)
  public static let q8_k = block("Q8_K", 256, 292)
  public static let iq1_s = block("IQ1_S", 256, 50)
  public static let iq1_m = block("IQ1_M", 256, 56)
  public static let iq2_xxs = block("IQ2_XXS", 256, 66)
  public static let iq2_xs = block("IQ2_XS", 256, 74)
  public static let iq2_s = block("IQ2_S", 256, 82)
  public static let iq3_xxs = block("IQ3_XXS", 256, 98)
  public static let iq3_s = block("IQ3_S", 256, 110)
  public static let iq4_nl = block("IQ4_NL", 32, 18)
  public static let iq4_xs = block("IQ4_XS", 256, 136)
  public static let tq1_0 = block("TQ1_0", 256, 54)
  public static let tq2_0 = block("TQ2_0", 256, 66)
  public static let mxfp4 = block("MXFP4", 32, 17)
  public static let nvfp4 = block("NVFP4", 64, 36)

  /// Every block type, by family and bits.
  public static let blockTypes: [DType] = [
    q1_0, q2_0, q4_0, q4_1, q5_0, q5_1, q8_0, q8_1, q2_k, q3_k, q4_k, q5_k, q6_k, q8_k,
    iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq4_nl, iq4_xs, tq1_0, tq2_0, mxfp4, nvfp4,
  ]

  private static func block(_ name: String, _ elements: Int, _ bytes: Int) -> DType {
    DType(name: name, blockElements: elements, blockBytes: bytes, values: .opaque)
  }
}
