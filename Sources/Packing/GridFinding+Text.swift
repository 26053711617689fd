extension GridFinding {
  /// In few words, for a table: `int4 g128`, `ternary`, `fp8 128×128`, `palette 16`.
  public var summary: String { ([name] + (extent.map { [$0] } ?? [])).joined(separator: " ") }

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
    return words.joined(separator: ", ")
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
