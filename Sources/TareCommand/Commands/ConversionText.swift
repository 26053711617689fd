import Tare

/// What a conversion does, in words and in JSON.
struct ConversionText {
  private let conversion: Conversion
  private let input: String
  private let output: String
  private let isPacked: Bool
  /// How its files are compressed.
  private let compression: HDF5Compression?
  /// What the output takes, where it is written.
  var written: Written?
  /// What reading it back found, where that was asked for.
  var comparison: ComparisonReport?

  /// Bytes that were written.
  enum Written {
    /// Of each file.
    case files([Int])
    case packed(Int)
  }

  init(
    _ conversion: Conversion, input: String, output: String, isPacked: Bool, compression: HDF5Compression? = nil
  ) {
    self.compression = compression
    self.conversion = conversion
    self.input = input
    self.output = output
    self.isPacked = isPacked
  }

  private var pruning: PruningText? {
    conversion.layers.pruned.map { PruningText($0.plan, conversion.layers.selected.catalog) }
  }

  private var quantization: QuantizationText? {
    conversion.layers.quantized.map { QuantizationText($0.plan, $0.catalog) }
  }

  private var blocks: BlockQuantizationText? { conversion.layers.blocks.map(BlockQuantizationText.init) }

  /// A line for each weight that is changed.
  private var tables: String { (pruning?.table ?? "") + (quantization?.table ?? "") }

  private var tensorCount: Int { conversion.model.catalog.tensors.count }
  private var summary: String {
    let files = conversion.files.files.count
    let cut = conversion.files.isFolder ? " in \(files) file\(files == 1 ? "" : "s")" : ""
    let before = written == nil && compression != nil ? " before they are compressed" : ""
    return "\(Self.tensors(tensorCount)), \(byteText(byteCounts.reduce(0, +)))\(before)\(cut)"
  }

  /// Of each file: as it was written, else as it is laid out.
  private var byteCounts: [Int] {
    if case .files(let counts) = written { counts } else { conversion.files.files.map(\.byteCount) }
  }

  // MARK: Notes

  /// What is known before anything is read.
  var notesBefore: [String] {
    var notes = conversion.notes.map { "\(input): \($0)" }
    if let folding = conversion.folding {
      let (count, first) = (folding.tensors.count, folding.tensors[0].info.name)
      notes.append("\(count) mask\(count == 1 ? " is folded: '\(first)'" : "s are folded, such as that of '\(first)'")")
      notes += folding.refusals
    }
    if !conversion.leftovers.isEmpty {
      notes.append("\(input): \(Self.listed(conversion.leftovers)) left out: no part of the model")
    }
    if !conversion.companions.isEmpty { notes.append(companionNote) }
    let pruningNotes = pruning?.notes ?? []
    notes += pruningNotes
    // Pruning and quantising leave much the same alone.
    notes += (quantization?.notes ?? []).filter { !pruningNotes.contains($0) }
    if let cast = conversion.layers.cast, !cast.blockTensors.isEmpty {
      let count = cast.blockTensors.count
      notes.append(
        "\(Self.tensors(count)) of block formats, such as '\(cast.blockTensors[0])', "
          + "\(count == 1 ? "stays as it is" : "stay as they are")")
    }
    notes += blocks?.notes ?? []
    let scalars = conversion.model.catalog.tensors.filter(\.info.shape.isEmpty).count
    if conversion.container == .gguf, scalars > 0 {
      notes.append(
        "\(Self.tensors(scalars)) without dimensions \(scalars == 1 ? "has" : "have") one of size 1 for other readers of GGUF"
      )
    }
    if conversion.container == .gguf, !conversion.namesArchitecture {
      notes.append(
        "llama.cpp will not run \(output) as it is: it wants its own names of tensors, and metadata such as general.architecture"
      )
    }
    return notes
  }

  private var companionNote: String {
    let (paths, isOne) = (Self.listed(conversion.companions), conversion.companions.count == 1)
    guard conversion.files.isFolder else { return "\(paths) \(isOne ? "stays" : "stay") behind: \(output) is one file" }
    return "\(paths) \(isOne ? "goes along as it is" : "go along as they are")"
  }

  /// What is known when everything was read.
  var notesAfter: [String] {
    guard let cast = conversion.layers.cast else { return [] }
    let overflows = cast.overflows
    guard let first = overflows.first else { return [] }
    let count = overflows.reduce(0) { $0 + $1.count }
    let became = cast.hasInfinity ? "infinite" : "NaN, for the type has no infinity"
    return [
      "\(count) number\(count == 1 ? "" : "s") too large for \(cast.dtype.name) became \(became): "
        + "in \(Self.tensors(overflows.count)), the first '\(first.tensor)'"
    ]
  }

  // MARK: Text

  /// The result, for a reader.
  var lines: String {
    var packed = ""
    if case .packed(let byteCount) = written { packed = " packed into \(byteText(byteCount))" }
    let line = tables + (blocks?.table ?? "") + "\(output): \(summary)\(packed)\n"
    guard let comparison else { return line }
    let metadata = comparison.metadataDifferences.isEmpty ? "" : "; the metadata differs"
    return line + "read back, " + comparison.text().dropLast() + metadata + "\n"
  }

  /// What would be written: each file with its tensors, where they come from, and the total.
  var plan: String {
    var text = tables
    for file in conversion.files.files {
      text += "\((file.path.isEmpty ? output : file.path).escapedForDisplay)  \(byteText(file.byteCount))\n"
      let rows = tensors(of: file).map { [$0.info.name.escapedForDisplay] + row($0.info, from: $0.origin) }
      text += AlignedText.rows(rows, rightAligned: 3...3, indent: "  ")
    }
    return text + "\(output) would \(isPacked ? "pack" : "hold") \(summary)\n"
  }

  private func row(_ info: TensorInfo, from origin: TensorInfo) -> [String] {
    var changes: [String] = []
    if origin.dtype != info.dtype { changes.append(origin.dtype.name) }
    if origin.name != info.name { changes.append(origin.name.escapedForDisplay) }
    let shape = info.shape.map(String.init).joined(separator: "×")
    return [
      info.dtype.name, shape, byteText(info.byteCount), changes.isEmpty ? "" : "was " + changes.joined(separator: " "),
    ]
  }

  private func tensors(of file: PackSource.File) -> [(info: TensorInfo, origin: TensorInfo)] {
    guard let sources = file.tensorNumbers else { return [] }
    let origins = conversion.layers.selected.catalog.tensors
    return sources.map { (conversion.model.catalog.tensors[$0].info, origins[$0].info) }
  }

  // MARK: JSON

  func json(isDry: Bool) -> String {
    var json = JSONText()
    json.object { json in
      json.string("tare", toolVersion)
      json.string("path", input)
      json.string("output", output)
      json.string("format", isPacked ? "tare" : conversion.container.rawValue)
      if isDry { json.bool("dry_run", true) }
      json.integer("tensors", tensorCount)
      if let compression { json.string("compression", compression.description) }
      json.integer("bytes", byteCounts.reduce(0, +))
      if case .packed(let byteCount) = written { json.integer("packed_bytes", byteCount) }
      json.array("files") { json in
        for (file, byteCount) in zip(conversion.files.files, byteCounts) { write(file, byteCount, lists: isDry, &json) }
      }
      if let folding = conversion.folding {
        json.array("folded") { json in for tensor in folding.tensors { json.string(nil, tensor.info.name) } }
      }
      pruning?.write(&json)
      quantization?.write(&json)
      if !isDry { blocks?.write(&json) }
      if !isDry, let cast = conversion.layers.cast { write(cast, &json) }
      if let comparison { json.string("verified", comparison.isWhole ? "identical" : "different") }
    }
    return json.text + "\n"
  }

  private func write(_ file: PackSource.File, _ byteCount: Int, lists: Bool, _ json: inout JSONText) {
    json.object { json in
      json.string("path", file.path.isEmpty ? output : file.path)
      json.integer("bytes", byteCount)
      guard lists, file.tensorNumbers != nil else { return }
      json.array("tensors") { json in
        for (info, origin) in tensors(of: file) {
          json.object { json in
            json.string("name", info.name)
            if origin.name != info.name { json.string("source_name", origin.name) }
            json.string("dtype", info.dtype.name)
            if origin.dtype != info.dtype { json.string("source_dtype", origin.dtype.name) }
            json.array("shape", inline: true) { json in for dimension in info.shape { json.integer(nil, dimension) } }
            json.integer("bytes", info.byteCount)
          }
        }
      }
    }
  }

  private func write(_ cast: CastModel, _ json: inout JSONText) {
    json.object("cast") { json in
      json.string("dtype", cast.dtype.name)
      json.integer("tensors", cast.castCount)
      json.array("overflows") { json in
        for (tensor, count) in cast.overflows {
          json.object { json in
            json.string("tensor", tensor)
            json.integer("elements", count)
          }
        }
      }
    }
  }

  private static func tensors(_ count: Int) -> String { "\(count) tensor\(count == 1 ? "" : "s")" }

  private static func listed(_ paths: [String]) -> String {
    guard paths.count > 3 else { return paths.joined(separator: ", ") }
    return "\(paths[0]), \(paths[1]) and \(paths.count - 2) other files"
  }
}
