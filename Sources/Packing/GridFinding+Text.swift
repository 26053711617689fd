public import TensorModel

extension GridFinding {
  /// In few words, for a table: `int4 g128`, `ternary`, `fp8 128×128`, `palette 16`.
  public var summary: String {
    let words = [name] + (extent.map { [$0] } ?? [])
    return (words + (blockType.map { ["(\($0.name))"] } ?? [])).joined(separator: " ")
  }

  /// In words: `int4, groups of 128 along rows, bf16 scales`.
  public var explanation: String {
    var words = [name]
    switch axis {
    case .tensor: break
    case .row: words.append(isWholeLine ? "a scale for each row" : "groups of \(columns) along rows")
    case .column: words.append(isWholeLine ? "a scale for each column" : "groups of \(rows) along columns")
    case .block: words.append("blocks of \(rows)×\(columns)")
    }
    if hasOffset {
      words.append("with an offset")
    } else if kind == .affine, !isSymmetric {
      words.append("with a zero point")
    }
    if let scaleType {
      words.append(axis == .tensor ? "one \(scaleType.rawValue) scale" : "\(scaleType.rawValue) scales")
    }
    if let blockType { words.append("as \(blockType.name) dequantises") }
    return words.joined(separator: ", ")
  }

  /// The block type whose blocks would dequantise to such numbers; nil where there is none, or no telling.
  public var blockType: DType? {
    guard axis == .row, columns == 32 else { return nil }
    let name: String? =
      switch (book, hasOffset, bits, scaleType) {
      case (.integers, false, 8, .f16) where isSymmetric: "Q8_0"
      case (.integers, false, 5, .f16) where isSymmetric: "Q5_0"
      case (.integers, false, 4, .f16) where isSymmetric: "Q4_0"
      case (.integers, true, 5, .f16): "Q5_1"
      case (.integers, true, 4, .f16): "Q4_1"
      case (.float4E2M1, false, _, .e8m0): "MXFP4"
      default: nil
      }
    return name.flatMap { DType.named($0) }
  }

  private var name: String {
    switch book {
    case .integers where levels == 3 && isSymmetric: "ternary"
    case .integers where levels == 2: "binary"
    case .integers: "int\(bits)"
    case .normalFloat4: "nf4"
    case .float4E2M1 where columns == 32 && scaleType == .e8m0: "mxfp4"
    case .float4E2M1 where axis == .row && columns == 16: "nvfp4"
    case .float4E2M1: "fp4"
    case .float8E4M3: "fp8"
    case .learned: "palette \(levels)"
    }
  }

  private var extent: String? {
    switch axis {
    case .tensor: nil
    case .row: isWholeLine ? "row" : "g\(columns)"
    case .column: isWholeLine ? "column" : "g\(rows) column"
    case .block: "\(rows)×\(columns)"
    }
  }
}
