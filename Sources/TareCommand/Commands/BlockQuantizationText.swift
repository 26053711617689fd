import Tare

/// What quantising to a block type does, in words and in JSON: known once the output is written.
struct BlockQuantizationText {
  private let dtype: DType
  private let tensors: [(info: TensorInfo, error: QuantizationError)]
  private let total: QuantizationError
  /// What stays as it is, and why.
  let notes: [String]

  init(_ model: BlockQuantizedModel) {
    dtype = model.dtype
    // The types before and after are one line's; names are those of the source.
    tensors = model.quantized.map { (model.base.catalog.tensors[$0].info, model.error(of: $0)) }
    var total = QuantizationError()
    for tensor in tensors { total.add(tensor.error) }
    self.total = total
    notes = [
      Self.note(model.unfitting, "rows are no whole blocks of \(dtype.blockElements)"),
      Self.note(model.quantizedBefore, "numbers are in blocks already; --dequantize makes F32 of them"),
    ].compactMap { $0 }
  }

  private static func note(_ names: [String], _ why: String) -> String? {
    guard let first = names.first else { return nil }
    return names.count == 1
      ? "tensor '\(first)' stays as it is: its \(why)"
      : "\(names.count) tensors, such as '\(first)', stay as they are: their \(why)"
  }

  /// A line per tensor that is quantised, and their total.
  var table: String {
    var rows = [["tensor", "dtype", "shape", "error", "SQNR"]]
    for (info, error) in tensors {
      let shape = info.shape.map(String.init).joined(separator: "×")
      rows.append([info.name.escapedForDisplay, info.dtype.name, shape] + error.cells)
    }
    let count = tensors.count
    rows.append(["\(count) tensor\(count == 1 ? "" : "s"), \(dtype.name)", "", ""] + total.cells)
    return AlignedText.rows(rows, rightAligned: 3...4, indent: "  ")
  }

  func write(_ json: inout JSONText) {
    json.object("quantization") { json in
      json.string("method", dtype.name)
      total.write(&json)
      json.array("tensors") { json in
        for tensor in tensors {
          json.object { json in
            json.string("name", tensor.info.name)
            tensor.error.write(&json)
          }
        }
      }
    }
  }
}
