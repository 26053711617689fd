import Kernels

/// A number that a report tells of a tensor, a layer or the whole, under its key in JSON.
public enum Metric: String, Hashable, Sendable, CaseIterable {
  case tensors
  case elements
  case bytes
  case zeros
  case negativeZeros = "negative_zeros"
  case sparsity
  case nan
  case infinite
  case subnormals
  case minimum = "min"
  case maximum = "max"
  case mean
  case deviation = "std"
  case largestMagnitude = "abs_max"
  case distinct
  case entropy = "entropy_bits"
  case outliers
  case outlierShare = "outlier_share"
  case packedBytes = "packed_bytes"

  /// Whether a model's header alone, packed or not, lacks it.
  public var needsData: Bool {
    switch self {
    case .tensors, .elements, .bytes: false
    default: true
    }
  }

  /// The metrics that rows of that kind have.
  static func all(of grouping: InspectionOptions.Grouping) -> [Metric] {
    allCases.filter { metric in
      switch metric {
      case .tensors: grouping != .tensor
      case .distinct, .outliers, .outlierShare: grouping == .tensor
      default: true
      }
    }
  }

  /// Nil where the row does not have it, or it was not read.
  func value(of row: ReportRow) -> ExactNumber? {
    switch self {
    case .tensors: row.tensorCount.map { .signed(Int64($0)) }
    case .elements: .signed(Int64(row.elementCount))
    case .bytes: .signed(Int64(row.byteCount))
    case .zeros: row.values.map { .signed(Int64($0.zeros)) }
    case .negativeZeros: row.values.map { .signed(Int64($0.negativeZeros)) }
    case .sparsity: row.values.map { .floating($0.sparsity) }
    case .nan: row.values.map { .signed(Int64($0.nans)) }
    case .infinite: row.values.map { .signed(Int64($0.infinities)) }
    case .subnormals: row.values.map { .signed(Int64($0.subnormals)) }
    case .minimum: row.values?.extremes?.minimum
    case .maximum: row.values?.extremes?.maximum
    case .mean: row.values?.moments.flatMap { $0.count > 0 ? .floating($0.mean) : nil }
    case .deviation: row.values?.moments?.standardDeviation.map { .floating($0) }
    case .largestMagnitude: row.values?.extremes?.largestMagnitude
    case .distinct: row.profile.map { .signed(Int64($0.distinct)) }
    case .entropy: row.entropyBits.map { .floating($0) }
    case .outliers: row.profile?.outliers.map { .signed(Int64($0)) }
    case .outlierShare: row.outlierShare.map { .floating($0) }
    case .packedBytes: row.packed.map { .signed(Int64($0.byteCount)) }
    }
  }
}

/// A row of a report as data: a tensor, a layer, or the whole.
struct ReportRow {
  var name: String
  /// Of a tensor.
  var tensor: TensorReport?
  /// Of a layer whose class is known.
  var className: String?
  /// Of a layer or the whole.
  var tensorCount: Int?
  /// `mixed` where there are several.
  var dtype: String
  var elementCount: Int
  var byteCount: Int
  var values: ValueStatistics?
  var profile: ValueProfile?
  var entropyBits: Double?
  var packed: PackedSize?

  init(_ tensor: TensorReport) {
    name = tensor.info.name
    self.tensor = tensor
    dtype = tensor.info.dtype.name
    elementCount = tensor.info.elementCount
    byteCount = tensor.info.byteCount
    values = tensor.values
    profile = tensor.profile
    entropyBits = tensor.profile?.entropyBits
    packed = tensor.packed
  }

  init(_ group: GroupReport) {
    name = group.name
    className = group.className
    tensorCount = group.tensorCount
    dtype = group.dtypes.count > 1 ? "mixed" : group.dtypes.first?.name ?? ""
    elementCount = group.elementCount
    byteCount = group.byteCount
    values = group.values
    entropyBits = group.entropyBits
    packed = group.packed
  }

  /// Outliers as a share of the finite values.
  var outlierShare: Double? {
    guard let outliers = profile?.outliers, let finite = values?.moments?.count else { return nil }
    return Double(outliers) / Double(finite)
  }
}

extension ModelReport {
  /// The rows that were asked for, without the totals; of `--group model` the totals alone.
  var rows: [ReportRow] {
    switch grouping {
    case .tensor: tensors.map(ReportRow.init)
    case .layer: layers.map(ReportRow.init)
    case .model: [ReportRow(totals)]
    }
  }
}
