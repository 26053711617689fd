/// The block types as dtypes; `BlockType` says what is in a block.
extension DType {
  public static let q1_0 = DType(.q1_0)
  public static let q2_0 = DType(.q2_0)
  public static let q4_0 = DType(.q4_0)
  public static let q4_1 = DType(.q4_1)
  public static let q5_0 = DType(.q5_0)
  public static let q5_1 = DType(.q5_1)
  public static let q8_0 = DType(.q8_0)
  public static let q8_1 = DType(.q8_1)
  public static let q2_k = DType(.q2_k)
  public static let q3_k = DType(.q3_k)
  public static let q4_k = DType(.q4_k)
  public static let q5_k = DType(.q5_k)
  public static let q6_k = DType(.q6_k)
  public static let q8_k = DType(.q8_k)
  public static let iq1_s = DType(.iq1_s)
  public static let iq1_m = DType(.iq1_m)
  public static let iq2_xxs = DType(.iq2_xxs)
  public static let iq2_xs = DType(.iq2_xs)
  public static let iq2_s = DType(.iq2_s)
  public static let iq3_xxs = DType(.iq3_xxs)
  public static let iq3_s = DType(.iq3_s)
  public static let iq4_nl = DType(.iq4_nl)
  public static let iq4_xs = DType(.iq4_xs)
  public static let tq1_0 = DType(.tq1_0)
  public static let tq2_0 = DType(.tq2_0)
  public static let mxfp4 = DType(.mxfp4)
  public static let nvfp4 = DType(.nvfp4)

  /// Every block type, by family and bits.
  public static let blockTypes = BlockType.allCases.map { DType($0) }

  public init(_ type: BlockType) {
    let layout = type.layout
    self.init(
      name: type.rawValue, blockElements: layout.elements, blockBytes: layout.byteCount, values: .blocks(type))
  }
}
