import Kernels
import TensorModel

/// The report of an inspection as text for a terminal.
public enum InspectionTable {
  /// Entries of metadata that are shown.
  private static let shownMetadata = 8
  /// Columns of an entry of metadata, which may be a whole configuration.
  private static let shownMetadataWidth = 200

  /// - Parameter width: columns of the terminal, which lines do not pass; at least 40 are used.
  public static func text(_ models: [ModelReport], width: Int, isColored: Bool = false) -> String {
    let width = max(40, width)
    return models.map { model in
      let products = products(model).map { ["", productTitle] + $0.lines(width: width, isColored: isColored) } ?? []
      return (heading(model, width) + [""] + table(model).lines(width: width, isColored: isColored) + products)
        .map { $0 + "\n" }.joined()
    }.joined(separator: "\n")
  }

  /// The same in the Markdown of GitHub, with every column.
  public static func markdown(_ models: [ModelReport]) -> String {
    models.map { model in
      let heading = heading(model, .max).map(\.escapedForMarkdown)
      let facts = heading[1...].map { line in
        line.hasPrefix("  ") ? "- " + line.dropFirst(2) : "\n" + line
      }
      let products = products(model).map { ["", productTitle, ""] + $0.markdown } ?? []
      return (["## " + heading[0]] + facts + [""] + table(model).markdown + products).map { $0 + "\n" }.joined()
    }.joined(separator: "\n")
  }

  private static func heading(_ model: ModelReport, _ width: Int) -> [String] {
    let files = model.fileCount > 1 ? " in \(Readable.grouped(model.fileCount)) files" : ""
    let bits = model.totals.bitsPerWeight.map { ", \(Readable.decimal(hundredths: $0)) bits per weight" } ?? ""
    let facts = "\(model.format), \(Readable.bytes(model.byteCount))\(files), \(tensors(model.totals))\(bits)"
    let entries = model.metadata.prefix(shownMetadata).map {
      "  \($0.key.escapedForDisplay): \($0.value.description.escapedForDisplay)".cut(to: min(width, shownMetadataWidth))
    }
    let rest = model.metadata.count - entries.count
    let more = rest > 0 ? ["  … and \(Readable.grouped(rest)) more"] : []
    return [model.path.escapedForDisplay, facts] + entries + more
      + (Headline.sentences(model) + omissions(model)).flatMap { wrapped($0, width) }
  }

  /// Omissions that are named.
  private static let shownOmissions = 6

  /// What is not in the table though the files hold it.
  private static func omissions(_ model: ModelReport) -> [String] {
    guard !model.omissions.isEmpty else { return [] }
    let shown = model.omissions.prefix(shownOmissions).map { "'\($0.name)' (\($0.reason))".escapedForDisplay }
    let rest = model.omissions.count - shown.count
    return [
      "Not read: " + (shown + (rest > 0 ? ["and \(Readable.grouped(rest)) more"] : [])).joined(separator: ", ") + "."
    ]
  }

  private static func tensors(_ totals: GroupReport) -> String {
    "\(Readable.grouped(totals.tensorCount)) tensor\(totals.tensorCount == 1 ? "" : "s")"
  }

  /// The words of `text` in lines of at most `width` columns, where no word is longer.
  private static func wrapped(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.displayWidth + 1 + String(word).displayWidth <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  private static let productTitle = "Weights under the masks beside them:"

  /// The logical tensors, where each tensor has a row.
  private static func products(_ model: ModelReport) -> TextTable? {
    guard !model.logical.isEmpty, model.grouping == .tensor else { return nil }
    var totals = GroupReport(name: "total")
    for logical in model.logical { totals.add(logical.tensor) }
    return table(model, of: model.logical.map(\.tensor), totals)
  }

  private static func table(_ model: ModelReport) -> TextTable { table(model, of: model.tensors, model.totals) }

  private static func table(_ model: ModelReport, of tensors: [TensorReport], _ totals: GroupReport) -> TextTable {
    let rows =
      switch model.grouping {
      case .tensor: tensors.map(Row.init)
      case .layer: model.layers.map { Row($0, tensors: Readable.grouped($0.tensorCount)) }
      case .model: [Row]()
      }
    let total = Row(
      totals, tensors: model.grouping == .tensor ? Self.tensors(totals) : Readable.grouped(totals.tensorCount))
    let fields = Field.allCases.filter { $0.isShown(for: model) }
    return TextTable(
      columns: fields.map { TextTable.Column($0, model.grouping) },
      rows: rows.map { row in fields.map { $0.cell(row) } },
      footer: fields.map { $0.cell(total) })
  }
}

/// What a row of the table shows: a tensor, a layer, or the whole.
private struct Row {
  var name: String
  var layer = ""
  var variable = ""
  var className = ""
  var dtype: String
  var shape: String
  var byteCount: Int
  var values: ValueStatistics?
  var structure: String
  var entropyBits: Double?
  var distinct: Int?
  var isDistinctExact = true
  var exactIn: String
  var histogram: String
  var packed: PackedSize?
  var layout: String
  var storedBytes: Int?

  init(_ tensor: TensorReport) {
    name = tensor.info.name.escapedForDisplay
    layer = tensor.layer.escapedForDisplay
    variable = tensor.variable?.escapedForDisplay ?? ""
    className = tensor.layerClass?.escapedForDisplay ?? ""
    dtype = tensor.info.dtype.name
    shape = tensor.info.shape.map(String.init).joined(separator: "×")
    byteCount = tensor.info.byteCount
    values = tensor.values
    structure = Self.describe(tensor)
    entropyBits = tensor.info.elementCount > 0 ? tensor.profile?.entropyBits : nil
    distinct = tensor.profile?.distinct
    isDistinctExact = tensor.profile?.distinctError == 0
    exactIn = tensor.profile?.exactIn?.name ?? ""
    histogram = tensor.profile?.histogram.map { Sparkline.text($0.counts) } ?? ""
    packed = tensor.packed
    layout = tensor.storage?.layout ?? ""
    storedBytes = tensor.storage?.byteCount
  }

  /// - Parameter tensors: stands in the column of shapes.
  init(_ group: GroupReport, tensors: String) {
    name = group.name.escapedForDisplay
    className = group.className?.escapedForDisplay ?? ""
    dtype = group.dtypes.count > 1 ? "mixed" : group.dtypes.first?.name ?? ""
    shape = tensors
    byteCount = group.byteCount
    values = group.values
    structure = ""
    entropyBits = group.entropyBits
    exactIn = ""
    histogram = ""
    packed = group.packed
    layout = ""
    storedBytes = group.storedBytes
  }

  /// `rows 12/384` where whole rows are zero, `int4 g128` where dense weights lie on a grid, both where both do.
  private static func describe(_ tensor: TensorReport) -> String {
    guard let structure = tensor.structure else { return "" }
    let zeros =
      switch (structure, tensor.zeroLines) {
      case (.rows, let lines?): "rows \(lines.zeroRows)/\(lines.rows)"
      case (.columns, let lines?): "columns \(lines.zeroColumns ?? 0)/\(lines.columns)"
      default: structure.rawValue
      }
    guard let grid = tensor.grid else { return zeros }
    return structure == .dense ? grid.summary : "\(grid.summary), \(zeros)"
  }
}

/// The columns, from left to right.
private enum Field: CaseIterable {
  case name, layer, className, variable, dtype, exactIn, shape, size, layout, stored, sparsity, structure, histogram
  case minimum, maximum, mean, deviation, distinct
  case entropy, packed, saving

  func isShown(for model: ModelReport) -> Bool {
    switch self {
    case .name, .dtype, .shape, .size: true
    case .layer, .variable: model.grouping == .tensor && model.tensors.contains { $0.variable != nil }
    case .className: model.grouping != .model && model.tensors.contains { $0.layerClass != nil }
    case .structure, .exactIn, .distinct: !model.isHeaderOnly && model.grouping == .tensor
    case .histogram: model.grouping == .tensor && model.tensors.contains { $0.profile?.histogram != nil }
    case .sparsity, .minimum, .maximum, .mean, .deviation, .entropy: !model.isHeaderOnly
    case .packed, .saving: model.totals.packed != nil
    case .layout:
      model.grouping == .tensor && model.tensors.contains { $0.storage.map { $0.layout != "contiguous" } ?? false }
    case .stored: !model.isPacked && model.totals.storedBytes.map { $0 != model.totals.byteCount } ?? false
    }
  }

  func cell(_ row: Row) -> String {
    switch self {
    case .name: row.name
    case .layer: row.layer
    case .className: row.className
    case .variable: row.variable
    case .dtype: row.dtype
    case .shape: row.shape
    case .size: Readable.bytes(row.byteCount)
    case .layout: row.layout
    case .stored: row.storedBytes.map(Readable.bytes) ?? ""
    case .sparsity: row.values.map { Readable.share($0.zeros, of: $0.elementCount) } ?? ""
    case .structure: row.structure
    case .minimum: number(row.values?.extremes?.minimum.asDouble)
    case .maximum: number(row.values?.extremes?.maximum.asDouble)
    case .mean: number(row.values?.moments.flatMap { $0.count > 0 ? $0.mean : nil })
    case .deviation: number(row.values?.moments?.standardDeviation)
    case .exactIn: row.exactIn
    case .histogram: row.histogram
    case .distinct: row.distinct.map { (row.isDistinctExact ? "" : "~") + Readable.count($0) } ?? ""
    case .entropy: row.entropyBits.map { Readable.decimal(hundredths: $0) } ?? ""
    case .packed: row.packed.map { Readable.bytes($0.byteCount) } ?? ""
    case .saving: row.packed.map { Readable.saving($0.byteCount, of: row.byteCount) } ?? ""
    }
  }

  private func number(_ value: Double?) -> String { value.map(Readable.number) ?? "" }
}

extension TextTable.Column {
  fileprivate init(_ field: Field, _ grouping: InspectionOptions.Grouping) {
    switch field {
    case .name: self.init(title: grouping == .layer ? "layer" : "name", isRightAligned: false, importance: 17)
    case .layer: self.init(title: "layer", isRightAligned: false, importance: 16)
    case .variable: self.init(title: "variable", isRightAligned: false, importance: 16)
    case .className: self.init(title: "class", isRightAligned: false, importance: 14)
    case .sparsity: self.init(title: "zeros", importance: 15)
    case .histogram: self.init(title: "histogram", isRightAligned: false, importance: 14)
    case .size: self.init(title: "size", importance: 13)
    case .dtype: self.init(title: "dtype", isRightAligned: false, importance: 12)
    case .structure: self.init(title: "structure", isRightAligned: false, importance: 11)
    case .saving: self.init(title: "saving", importance: 10)
    case .packed: self.init(title: "packed", importance: 9)
    case .shape:
      self.init(
        title: grouping == .tensor ? "shape" : "tensors", isRightAligned: grouping != .tensor, importance: 8)
    case .maximum: self.init(title: "max", importance: 6)
    case .minimum: self.init(title: "min", importance: 5)
    case .entropy: self.init(title: "bits", importance: 7)
    case .deviation: self.init(title: "std", importance: 4)
    case .mean: self.init(title: "mean", importance: 3)
    case .exactIn: self.init(title: "exact in", isRightAligned: false, importance: 2)
    case .distinct: self.init(title: "distinct", importance: 1)
    case .layout: self.init(title: "storage", isRightAligned: false, importance: 6)
    case .stored: self.init(title: "stored", importance: 6)
    }
  }
}
