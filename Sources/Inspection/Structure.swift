/// Where a tensor's zeros lie.
public enum Structure: String, Hashable, Sendable {
  /// There are no elements.
  case empty
  /// Every element has the same bits.
  case constant
  /// Zeros fill whole rows; at most 1 % of the other elements are zero.
  case rows
  /// Zeros fill whole columns; at most 1 % of the other elements are zero.
  case columns
  /// Less than 1 % of the elements are zero: trained weights that nobody pruned have a few.
  case dense
  /// Zeros lie anywhere.
  case unstructured

  /// Elements that may be zero outside the zero rows and columns, or in a dense tensor.
  static let negligibleShare = 0.01
}

/// The matrix as which a tensor of two or more dimensions is seen: `shape[0]` rows, all other dimensions flattened into
/// columns, and how many of both hold only zeros of either sign.
public struct ZeroLines: Hashable, Sendable {
  public var rows: Int
  public var columns: Int
  public var zeroRows: Int
  /// Nil where the matrix has more than `ColumnMap.maximumColumns` columns, which are not counted.
  public var zeroColumns: Int?
}

extension Structure {
  /// The structure of `elements` elements, `zeros` of them zero.
  /// Where both zero rows and zero columns exist, the kind that holds more of the zeros names the structure.
  init(elements: Int, zeros: Int, isConstant: Bool, lines: ZeroLines?) {
    if elements == 0 {
      self = .empty
    } else if isConstant {
      self = .constant
    } else if let lines, let kind = lines.explanation(ofZeros: zeros) {
      self = kind
    } else {
      self = Double(zeros) < Self.negligibleShare * Double(elements) ? .dense : .unstructured
    }
  }
}

extension ZeroLines {
  /// `rows` or `columns` where these account for the zeros; nil where they don't, or where a line is a single element.
  fileprivate func explanation(ofZeros zeros: Int) -> Structure? {
    let zeroRows = columns > 1 ? zeroRows : 0
    let zeroColumns = rows > 1 ? zeroColumns ?? 0 : 0
    guard zeroRows + zeroColumns > 0 else { return nil }
    // Products stay below the number of elements, which is proved.
    let inLines = zeroRows * columns + zeroColumns * rows - zeroRows * zeroColumns
    let others = (rows - zeroRows) * (columns - zeroColumns)
    guard Double(zeros - inLines) <= Structure.negligibleShare * Double(others) else { return nil }
    return zeroRows * columns >= zeroColumns * rows ? .rows : .columns
  }
}
