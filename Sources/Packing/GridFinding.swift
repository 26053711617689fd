import Encodings
import Kernels
import TensorModel

/// The grid on which a tensor's elements lie, as a piece of it proves.
public struct GridFinding: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    /// Integers times a scale, and an offset where there is one.
    case affine
    /// Levels of a code book, times a scale where groups have one.
    case palette
  }

  /// The levels, before they are multiplied.
  public enum Book: String, Hashable, Sendable {
    case integers
    case normalFloat4 = "nf4"
    case float4E2M1 = "fp4_e2m1"
    case float8E4M3 = "fp8_e4m3"
    /// Any others.
    case learned
  }

  /// How the elements that share a scale lie in the matrix of outputs × inputs.
  public enum Axis: String, Hashable, Sendable {
    case tensor, row, column, block
  }

  /// The narrowest type that holds all scales that were seen.
  public enum ScaleType: String, Hashable, Sendable {
    case e8m0, bf16, f16, f32
  }

  public let kind: Kind
  public let book: Book
  /// Of a code.
  public let bits: Int
  /// Of a group, as far as they were seen; with zero points, as many as `bits` allow.
  public let levels: Int
  /// Whether integers lie around zero, none farther than half of what `bits` allow.
  public let isSymmetric: Bool
  /// Whether groups have a number that is added to all products.
  public let hasOffset: Bool
  /// Of those elements that share a scale. A palette without scales is all of the tensor.
  public let axis: Axis
  public let rows: Int
  public let columns: Int
  /// Whether a group is all of a row, or of a column.
  public let isWholeLine: Bool
  /// Nil without scales.
  public let scaleType: ScaleType?
  /// The share of the groups seen that lie on the grid.
  public let share: Double

  /// Elements that share a scale.
  public var groupElements: Int { rows * columns }

  /// Fewer groups on the grid, and it is none.
  private static let leastShare = 0.9
}

extension GridFinding {
  /// - Returns: nil where too few groups of the piece lie on the grid, or it has a single level.
  init?(_ grid: GridPlan, _ evidence: GridEvidence, elements: Int) {
    guard evidence.fittingShare >= Self.leastShare, evidence.uses.count > 1, !evidence.spans.isEmpty else { return nil }
    let layout = grid.layout
    let matrixRows = max(1, elements / layout.row)
    share = evidence.fittingShare
    // Groups that all have the same scale are one.
    let isOne = evidence.scales.count > 3 && !layout.hasOffsets && Set(evidence.scales).count == 1
    rows = isOne || layout.groupRows == 0 ? matrixRows : min(layout.groupRows, matrixRows)
    columns = isOne || layout.groupColumns == 0 ? layout.row : min(layout.groupColumns, layout.row)
    axis =
      switch (rows, columns) {
      case (matrixRows, layout.row): .tensor
      case (1, _): .row
      case (_, 1): .column
      default: .block
      }
    isWholeLine = axis == .row && columns == layout.row || axis == .column && rows == matrixRows
    hasOffset = layout.hasOffsets
    book = Book(grid.book, evidence)
    scaleType = isOne && book == .learned ? nil : ScaleType(evidence.scales)
    kind = book == .integers ? .affine : .palette
    if book == .integers {
      let spans = evidence.spans.map { $0.upperBound - $0.lowerBound }.sorted()
      // Groups that fit a finer scale by chance have more levels.
      let span =
        isOne ? evidence.uses.last!.code - evidence.uses.first!.code : spans[(spans.count - 1) * 9 / 10]
      let bits = Self.bits(span + 1)
      self.bits = bits
      let half = 1 << (bits - 1)
      let centred = evidence.spans.count { -half <= $0.lowerBound && $0.upperBound <= half }
      isSymmetric = !hasOffset && 10 * centred >= 9 * evidence.spans.count
      levels = min(span + 1, evidence.uses.count)
    } else {
      bits = book == .float4E2M1 ? 4 : Self.bits(evidence.uses.count)
      levels = book == .float4E2M1 ? min(15, evidence.uses.count) : evidence.uses.count
      isSymmetric = book == .float4E2M1 || book == .float8E4M3
    }
  }

  /// A palette of that many elements for all of a tensor.
  init(levels: Int, elements: Int) {
    kind = .palette
    book = .learned
    bits = max(1, Self.bits(levels))
    self.levels = levels
    isSymmetric = false
    hasOffset = false
    axis = .tensor
    rows = 1
    columns = elements
    isWholeLine = false
    scaleType = nil
    share = 1
  }

  private static func bits(_ levels: Int) -> Int { Int.bitWidth - (levels - 1).leadingZeroBitCount }
}

extension GridFinding.Book {
  fileprivate init(_ book: GridFitter.Book, _ evidence: GridEvidence) {
    self =
      switch book {
      case .listed(.normalFloat4): .normalFloat4
      case .listed(.float8E4M3): .float8E4M3
      case .listed: .learned
      case .offset: .integers
      case .integers: Self.isE2M1(evidence) ? .float4E2M1 : .integers
      }
  }

  /// Whether integers are the doubles of FP4 E2M1's numbers.
  private static func isE2M1(_ evidence: GridEvidence) -> Bool {
    let doubles: Set = [0, 1, 2, 3, 4, 6, 8, 12]
    let all = evidence.uses.reduce(0) { $0 + $1.count }
    let inside = evidence.uses.reduce(0) { doubles.contains($1.code.magnitude.asInt) ? $0 + $1.count : $0 }
    // The largest tell it from integers that are never that large.
    let wide = evidence.uses.reduce(0) { [8, 12].contains($1.code.magnitude) ? $0 + $1.count : $0 }
    return inside * 50 >= all * 49 && wide * 50 >= all
  }
}

extension UInt {
  fileprivate var asInt: Int { Int(self) }
}

extension GridFinding.ScaleType {
  fileprivate init(_ scales: [Float]) {
    self =
      if scales.allSatisfy({ $0.isNormal && $0.significandBitPattern == 0 }) {
        .e8m0
      } else if scales.allSatisfy({ $0.bitPattern & 0xFFFF == 0 }) {
        .bf16
      } else if scales.allSatisfy({ GridKind.f16.value(GridKind.f16.word($0)) == $0 }) {
        .f16
      } else {
        .f32
      }
  }
}
