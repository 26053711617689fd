import Kernels
import Packing
import TensorModel

/// The JSON document of an inspection. Keys that need data are left out where none was read.
public enum InspectionJSON {
  /// - Parameters:
  ///   - version: this build's, as `tare --version` says it.
  ///   - contrast: two of the models side by side.
  public static func document(_ models: [ModelReport], contrast: ModelContrast? = nil, version: String) -> String {
    var json = JSONText()
    json.object { json in
      json.string("tare", version)
      json.array("models") { json in
        for model in models { json.object { write(model, to: &$0) } }
      }
      contrast?.write(to: &json)
    }
    return json.text + "\n"
  }

  private static func write(_ model: ModelReport, to json: inout JSONText) {
    json.string("path", model.path)
    json.string("format", model.format)
    json.integer("bytes", model.byteCount)
    if let base = model.baseName { json.string("base", base) }
    if model.canonicalZeros > 0 { json.integer("canonical_zeros", model.canonicalZeros) }
    json.object("metadata") { json in
      for entry in model.metadata { json.metadata(entry.key, entry.value) }
    }
    json.object("totals") { json in
      writeCounts(model.totals, to: &json)
      writeTotalValues(model.totals, to: &json)
      if !model.isPacked, let stored = model.totals.storedBytes { json.integer("stored_bytes", stored) }
      if let packed = model.totals.packed { json.integer("packed_bytes", packed.byteCount) }
    }
    if !model.omissions.isEmpty {
      json.array("omitted") { json in
        for omission in model.omissions {
          json.object { json in
            json.string("name", omission.name)
            json.string("reason", omission.reason)
          }
        }
      }
    }
    if !model.logical.isEmpty {
      json.array("logical_tensors") { json in
        for logical in model.logical { json.object { write(logical, to: &$0) } }
      }
    }
    switch model.grouping {
    case .model: break
    case .layer:
      json.array("layers") { json in
        for layer in model.layers { json.object { write(layer, isHeaderOnly: model.isHeaderOnly, to: &$0) } }
      }
    case .tensor:
      json.array("tensors") { json in
        for tensor in model.tensors { json.object { write(tensor, isHeaderOnly: model.isHeaderOnly, to: &$0) } }
      }
    }
  }

  private static func write(_ logical: LogicalReport, to json: inout JSONText) {
    json.string("schema", logical.schema)
    json.array("parts", inline: true) { json in
      for part in logical.parts { json.string(nil, part) }
    }
    write(logical.tensor, isHeaderOnly: false, to: &json)
  }

  private static func writeCounts(_ group: GroupReport, to json: inout JSONText) {
    json.integer("tensors", group.tensorCount)
    json.integer("elements", group.elementCount)
    json.integer("bytes", group.byteCount)
    if let bits = group.bitsPerWeight { json.number("bits_per_weight", bits) }
  }

  private static func writeTotalValues(_ group: GroupReport, to json: inout JSONText) {
    guard let values = group.values else { return }
    json.integer("zeros", values.zeros)
    json.integer("negative_zeros", values.negativeZeros)
    json.number("sparsity", values.sparsity)
    json.integer("nan", values.nans)
    json.integer("infinite", values.infinities)
    json.optional("entropy_bits", group.entropyBits) { $0.number($1, $2) }
  }

  private static func write(_ layer: GroupReport, isHeaderOnly: Bool, to json: inout JSONText) {
    json.string("layer", layer.name)
    if let className = layer.className { json.string("class", className) }
    writeCounts(layer, to: &json)
    json.array("dtypes", inline: true) { json in
      for dtype in layer.dtypes { json.string(nil, dtype.name) }
    }
    if let values = layer.values { write(values, to: &json) }
    if !isHeaderOnly { json.optional("entropy_bits", layer.entropyBits) { $0.number($1, $2) } }
    write(layer.packed, isHeaderOnly: isHeaderOnly, to: &json)
    if layer.packed != nil || !isHeaderOnly { json.bool("sampled", layer.isSampled) }
  }

  private static func write(_ tensor: TensorReport, isHeaderOnly: Bool, to json: inout JSONText) {
    json.string("name", tensor.info.name)
    json.string("layer", tensor.layer)
    if let className = tensor.layerClass { json.string("class", className) }
    if let variable = tensor.variable { json.string("variable", variable) }
    json.string("dtype", tensor.info.dtype.name)
    json.array("shape", inline: true) { json in
      for dimension in tensor.info.shape { json.integer(nil, dimension) }
    }
    json.integer("elements", tensor.info.elementCount)
    json.integer("bytes", tensor.info.byteCount)
    if let file = tensor.file { json.string("file", file) }
    if let offset = tensor.offset { json.integer("offset", offset) } else { json.null("offset") }
    if let storage = tensor.storage {
      json.object("storage") { json in
        json.string("layout", storage.layout)
        json.integer("bytes", storage.byteCount)
      }
    }
    if !isHeaderOnly {
      write(tensor.values, to: &json)
      InspectionJSON.write(tensor.profile, finite: tensor.values?.moments?.count ?? 0, to: &json)
      json.optional("row_norms", tensor.norms?.rows, write)
      json.optional("column_norms", tensor.norms?.columns, write)
      writeStructure(of: tensor, to: &json)
      json.optional("exact_in", tensor.profile?.exactIn?.name) { $0.string($1, $2) }
      json.optional("grid", tensor.grid, write)
    }
    write(tensor.packed, isHeaderOnly: isHeaderOnly, to: &json)
    writeSampled(tensor, isHeaderOnly: isHeaderOnly, to: &json)
  }

  /// Says whether any number comes from a sample.
  private static func writeSampled(_ tensor: TensorReport, isHeaderOnly: Bool, to json: inout JSONText) {
    guard tensor.packed != nil || !isHeaderOnly else { return }
    json.bool("sampled", tensor.isSampled)
  }

  /// - Parameter values: nil for elements whose meaning is not known.
  private static func write(_ values: ValueStatistics?, to json: inout JSONText) {
    json.optional("zeros", values?.zeros) { $0.integer($1, $2) }
    json.optional("negative_zeros", values?.negativeZeros) { $0.integer($1, $2) }
    json.optional("sparsity", values?.sparsity) { $0.number($1, $2) }
    json.optional("nan", values?.nans) { $0.integer($1, $2) }
    json.optional("infinite", values?.infinities) { $0.integer($1, $2) }
    json.optional("subnormals", values?.subnormals) { $0.integer($1, $2) }
    let extremes = values?.extremes
    json.optional("min", extremes?.minimum, write)
    json.optional("max", extremes?.maximum, write)
    let moments = values?.moments.flatMap { $0.count > 0 ? $0 : nil }
    json.optional("mean", moments?.mean) { $0.number($1, $2) }
    json.optional("std", moments?.standardDeviation) { $0.number($1, $2) }
    json.optional("abs_max", extremes?.largestMagnitude, write)
  }

  static func write(_ json: inout JSONText, _ key: String, _ value: ExactNumber) {
    switch value {
    case .floating(let value): json.number(key, value)
    case .signed(let value): json.integer(key, value)
    case .unsigned(let value): json.integer(key, value)
    }
  }

  private static func writeStructure(of tensor: TensorReport, to json: inout JSONText) {
    guard let structure = tensor.structure else { return json.null("structure") }
    json.object("structure") { json in
      json.string("kind", structure.rawValue)
      guard let lines = tensor.zeroLines else { return }
      json.integer("zero_rows", lines.zeroRows)
      json.optional("zero_columns", lines.zeroColumns) { $0.integer($1, $2) }
    }
  }

  private static func write(_ json: inout JSONText, _ key: String, _ grid: GridFinding) {
    json.object(key) { json in
      json.string("kind", grid.kind.rawValue)
      json.string("book", grid.book.rawValue)
      json.integer("bits", grid.bits)
      json.integer("levels", grid.levels)
      json.bool("symmetric", grid.isSymmetric)
      json.bool("offset", grid.hasOffset)
      json.integer("group", grid.groupElements)
      json.string("axis", grid.axis.rawValue)
      json.integer("rows", grid.rows)
      json.integer("columns", grid.columns)
      json.optional("scale_type", grid.scaleType?.rawValue) { $0.string($1, $2) }
      json.optional("block_type", grid.blockType?.name) { $0.string($1, $2) }
      json.number("share", grid.share)
    }
  }

  /// The encodings stand in the directories beside the data, so a header alone does not tell them.
  private static func write(_ packed: PackedSize?, isHeaderOnly: Bool, to json: inout JSONText) {
    guard let packed else { return }
    if !isHeaderOnly {
      let encodings = packed.rankedEncodings
      json.optional("encoding", encodings.first?.id) { $0.string($1, $2) }
      json.object("encodings") { json in
        for encoding in encodings { json.integer(encoding.id, encoding.chunks) }
      }
    }
    json.integer("packed_bytes", packed.byteCount)
  }
}

extension JSONText {
  mutating func optional<Value>(
    _ key: String, _ value: Value?, _ write: (inout JSONText, String, Value) -> Void
  ) {
    if let value { write(&self, key, value) } else { null(key) }
  }
}
