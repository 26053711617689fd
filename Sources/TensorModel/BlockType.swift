/// The quantised block types of ggml: a block is a run of elements of one row, stored together with their scales.
///
/// The raw value is the name that ggml gives a type.
public enum BlockType: String, CaseIterable, Sendable {
  case q1_0 = "Q1_0"
  case q2_0 = "Q2_0"
  case q4_0 = "Q4_0"
  case q4_1 = "Q4_1"
  case q5_0 = "Q5_0"
  case q5_1 = "Q5_1"
  case q8_0 = "Q8_0"
  case q8_1 = "Q8_1"
  case q2_k = "Q2_K"
  case q3_k = "Q3_K"
  case q4_k = "Q4_K"
  case q5_k = "Q5_K"
  case q6_k = "Q6_K"
  case q8_k = "Q8_K"
  case iq1_s = "IQ1_S"
  case iq1_m = "IQ1_M"
  case iq2_xxs = "IQ2_XXS"
  case iq2_xs = "IQ2_XS"
  case iq2_s = "IQ2_S"
  case iq3_xxs = "IQ3_XXS"
  case iq3_s = "IQ3_S"
  case iq4_nl = "IQ4_NL"
  case iq4_xs = "IQ4_XS"
  case tq1_0 = "TQ1_0"
  case tq2_0 = "TQ2_0"
  case mxfp4 = "MXFP4"
  case nvfp4 = "NVFP4"

  public var layout: BlockLayout { Self.layouts[self]! }

  private static let layouts = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.describe()) })
}
