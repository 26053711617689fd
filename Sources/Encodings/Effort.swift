/// How much time an encoder may spend for size: `--level` in numbers.
public struct Effort: Hashable, Sendable {
  /// 1 (fastest) to 9 (smallest).
  public let level: Int

  /// - Precondition: 1 to 9.
  public init(level: Int) {
    precondition((1...9).contains(level))
    self.level = level
  }

  public static let standard = Effort(level: 3)

  /// zstd levels that are tried on streams in which bytes may repeat.
  var matchLevels: [Int32] {
    switch level {
    case 1, 2: []
    case 3, 4: [3]
    case 5: [6]
    case 6: [9]
    case 7: [12]
    case 8: [3, 12]
    default: [3, 15]
    }
  }

  /// Whether floats are coded by `fused`, not only by `planes`.
  var usesFused: Bool { level >= 2 }
  /// Whether candidates are compared by their exact size on the chunk, not by a sample of it.
  public var isExact: Bool { level >= 4 }
  /// Cells from which `blocks` makes classes of parts: by ratios, and by scales.
  var blockCells: (ratios: Int, scales: Int) { level == 1 ? (1, 1) : level < 4 ? (8, 2) : (16, 4) }
  /// Of how many blocks `blocks` counts the symbols of one.
  var blockStride: Int { level < 4 ? 4 : 1 }
  /// Whether rows that are alike are put together where that pays.
  public var ordersRows: Bool { level >= 4 }
  /// About how many elements of a chunk are looked at to find the best cut; nil for all.
  var cutSample: Int? { level >= 4 ? nil : 4096 }
  /// How many of the best cuts are tried out.
  var cutTrials: Int { level >= 6 ? 2 : 1 }
}
