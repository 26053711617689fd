import Kernels
public import TensorModel

/// What an inspection looks at, and how it arranges what it finds.
public struct InspectionOptions: Hashable, Sendable {
  public enum Grouping: String, Hashable, Sendable, CaseIterable {
    case tensor
    case layer
    case model
  }

  /// How rows follow each other. Sizes and shares fall; ties stay in file order.
  public enum Order: String, Hashable, Sendable, CaseIterable {
    case file
    case name
    case bytes
    case sparsity
    /// By the bytes that packing saves.
    case savings
  }

  public var threads = 1
  /// Reads no data.
  public var headerOnly = false
  public var names = NameFilter()
  public var grouping = Grouping.tensor
  public var order = Order.file
  /// Packs every chunk to learn its packed size, rather than a sample, and counts every element and distinct value.
  public var isExact = false
  /// Makes a histogram of each tensor's values, of all its elements.
  public var wantsHistogram = false

  public init() {}

  /// Whether quantiles and entropies are told by all elements.
  var countsAll: Bool { isExact || wantsHistogram }
}

extension InspectionOptions.Order {
  func arrange(_ tensors: [TensorReport]) -> [TensorReport] {
    arrange(tensors) { ($0.info.name, $0.info.byteCount, $0.values, $0.packed) }
  }

  func arrange(_ groups: [GroupReport]) -> [GroupReport] {
    arrange(groups) { ($0.name, $0.byteCount, $0.values, $0.packed) }
  }

  private func arrange<Row>(
    _ rows: [Row], _ facts: (Row) -> (name: String, bytes: Int, values: ValueStatistics?, packed: PackedSize?)
  ) -> [Row] {
    if self == .file { return rows }
    let facts = rows.map(facts)
    func comesBefore(_ a: Int, _ b: Int) -> Bool {
      switch self {
      case .file: return a < b
      case .name: return facts[a].name != facts[b].name ? facts[a].name < facts[b].name : a < b
      default:
        let (x, y) = (weight(facts[a]), weight(facts[b]))
        return x != y ? x > y : a < b
      }
    }
    return rows.indices.sorted(by: comesBefore).map { rows[$0] }
  }

  private func weight(_ row: (name: String, bytes: Int, values: ValueStatistics?, packed: PackedSize?)) -> Double {
    switch self {
    case .file, .name: 0
    case .bytes: Double(row.bytes)
    case .sparsity: row.values?.sparsity ?? -1
    case .savings: row.packed.map { Double(row.bytes - $0.byteCount) } ?? -.infinity
    }
  }
}
