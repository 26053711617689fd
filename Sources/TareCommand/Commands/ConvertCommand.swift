import ArgumentParser
import Tare

/// `tare convert`; what it does is in `ConvertRun.swift`.
struct ConvertCommand: ParsableCommand {
  /// What files are, packed or not.
  enum FileContainer: String, ExpressibleByArgument, CaseIterable {
    case safetensors, gguf, hdf5
  }

  enum FileByteOrder: String, ExpressibleByArgument, CaseIterable {
    case little, big
  }

  /// What OUT is.
  enum Container: String, ExpressibleByArgument, CaseIterable {
    case safetensors, gguf, hdf5, keras, tare

    /// Of files, without their dots; the name comes first.
    var extensions: [String] { self == .hdf5 ? ["hdf5", "h5"] : [rawValue] }
  }

  /// What `--quantize` asks for.
  enum Quantization {
    /// Weights keep their type and lie on a grid.
    case grid(QuantizationSpec)
    /// Weights are of a block type.
    case blocks(DType)
    /// MXFP4: its block type where OUT is GGUF, else the grid.
    case either(QuantizationSpec, DType)
  }

  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Writes a model anew: in another container, type or cut, some of its tensors, under other names.",
    discussion: """
      IN is a model file, the index of a sharded checkpoint, a folder that holds one, or a packed file. OUT.safetensors, \
      OUT.gguf, OUT.h5, OUT.hdf5 or OUT.keras is one file; OUT/ is a folder, into which the other files of IN go along as they are; \
      OUT.tare is what tare pack makes of either, a folder where IN is one.

      Patterns match the names that tensors have in IN.

      Pruning decides on every tensor before anything is written. A share is of all elements, those that are zero already \
      included. Of equal elements the earlier goes. NaN and infinite ones stay. Every zero of a pruned tensor is +0. Notes \
      say what is left alone and why: by name embeddings, output heads, norms, biases, routers and scales; tensors of \
      fewer than two dimensions or of no float type; for N:M the last inputs of a row, where they fill no group.

      Quantising leaves the same alone, and whatever is not F32, F16 or BF16 after --dtype. Weights stay of their type; each \
      is a level times a scale, which tare pack stores at the size of the levels. Zeros stay zeros, all of them +0; NaN and \
      infinite weights stay as they are.

      The block types of GGUF take every tensor of two dimensions or more whose rows are whole blocks, whatever its name; \
      NaN and infinite weights are an error. A GGUF file keeps the names and the metadata of IN.

      In an HDF5 file the names of tensors are paths, and metadata are attributes: of a model that Keras wrote those of \
      its own layout, so that Keras loads it. OUT.keras is an archive; it needs the configuration of one, which IN has among \
      its metadata where it comes from an archive.

      With --base, an IN that is stored as the difference from another model is read, and an OUT.tare is stored as the \
      difference from it, as tare pack --base does.
      """)

  @Argument(help: "The model to read.", completion: .file(), transform: filePath)
  var input: String

  @Argument(help: "The file or folder to write.", completion: .file(), transform: filePath)
  var output: String

  @Option(help: ArgumentHelp("The container of OUT, unless its extension says it.", valueName: "container"))
  var to: Container?

  @Option(
    help: ArgumentHelp(
      "The container of the file that a packed OUT holds: safetensors, gguf or hdf5. (default: that of IN)",
      valueName: "container"))
  var container: FileContainer?

  @Option(
    help: ArgumentHelp(
      "The byte order of a GGUF file: little, or big for machines that have it. (default: little)", valueName: "order"))
  var byteOrder: FileByteOrder?

  @Option(
    help: ArgumentHelp(
      """
      How an HDF5 file is compressed: none; gzip, which every reader knows, or zstd, which h5py reads with hdf5plugin; of \
      a level as in gzip:6, 1 to 9 (default: 4), or zstd:9, 1 to 22 (default: 1). The bytes of elements are shuffled \
      before. (default: gzip)
      """, valueName: "how"),
    transform: hdf5Compression)
  var compression: HDF5CompressionChoice?

  @Option(
    help: ArgumentHelp(
      "Cut the model into files of at most SIZE, with their index, in a folder: bytes, or with K, M or G for powers of 1024, with KB, MB or GB for powers of 1000.",
      valueName: "size"),
    transform: ShardSize.init)
  var shard: ShardSize?

  @Flag(
    help: """
      Write the product of each weight X_orig and its mask X_mask, as torch.nn.utils.prune leaves them, as X, and leave \
      the two out. Patterns match X.
      """)
  var foldMasks = false

  @OptionGroup var selection: SelectionOptions

  @Option(
    help: ArgumentHelp(
      "Cast floats to a type: f64, f32, f16, bf16, f8_e4m3, f8_e5m2, f8_e4m3fnuz or f8_e5m2fnuz; to the nearest, ties to even.",
      valueName: "type"),
    transform: dtypeNamed)
  var dtype: DType?

  @Option(
    help: ArgumentHelp(
      """
      Set weights to zero: magnitude:0.5, that share of each tensor by magnitude; global:0.5, of all tensors together; \
      2:4, all but 2 of every 4 inputs; block16x16:0.75, blocks by norm; rows:0.25, outputs by norm; wanda:0.5 or \
      wanda:2:4, in each row by magnitude times the norm of the input. Embeddings, output heads, norms, biases and the \
      like stay as they are, unless --only names them.
      """, valueName: "how"),
    transform: pruningSpec)
  var prune: PruningSpec?

  @Option(
    help: ArgumentHelp(
      """
      For --prune wanda, the norms of the inputs: a model that holds for each weight a vector of its name, or of its name \
      and .input_norm, with one element for each column.
      """, valueName: "file"),
    completion: .file(), transform: filePath)
  var activations: String?

  @Option(
    help: ArgumentHelp(
      """
      Put weights on a grid, after --prune and --dtype: int2 to int8, symmetric unless :asym follows; ternary; palette2 to \
      palette256, by k-means; nf4; mxfp4; fp8. What shares a scale may follow, as in int4:g128: tensor, row, g and a number \
      of inputs, or block128x128 (default: g128, int8 and fp8 row, ternary tensor, nf4 g64), and the type of the scales, \
      bf16 or f16 (default: f32). Or give them a block type of GGUF: q4_0, q4_1, q5_0, q5_1, q8_0, q2_k to q6_k, tq1_0, \
      tq2_0, and mxfp4 where OUT is GGUF.
      """, valueName: "how"),
    transform: quantization)
  var quantize: Quantization?

  @Flag(help: "Write the numbers of block types as F32, before anything else is done with them.")
  var dequantize = false

  @Option(
    help: ArgumentHelp(
      "Transform only tensors whose name matches the pattern; the others are written as they are. May be repeated.",
      valueName: "glob"))
  var only: [GlobPattern] = []

  @Option(
    help: ArgumentHelp("Write tensors whose name matches the pattern as they are. May be repeated.", valueName: "glob"))
  var skip: [GlobPattern] = []

  @Option(
    help: ArgumentHelp(
      "Give tensors named OLD the name NEW; a * stands for any run of characters, and for the same run in NEW. May be repeated: each rule is applied to what the one before made.",
      valueName: "old=new"),
    transform: { try RenameRule($0) })
  var rename: [RenameRule] = []

  @Option(
    help: ArgumentHelp(
      "How a packed output is packed: from 1, the fastest, to 9, the smallest. (default: \(PackLevel.standard))",
      valueName: "1-9"),
    transform: PackLevel.init)
  var level: PackLevel?

  @Flag(help: "Say what would be written, and write nothing.")
  var dryRun = false

  @Flag(help: "Read back what was written, and compare it bit for bit.")
  var verify = false

  @Option(
    help: ArgumentHelp(
      "Refuse a packed file whose content is more than N times its own size. (default: \(Limits().expansion))",
      valueName: "n"),
    transform: { try wholeNumber($0, in: 1...Int.max) })
  var maxExpansion = Limits().expansion

  @OptionGroup var against: BaseOption
  @OptionGroup var overwriting: ForceOption
  @OptionGroup var work: WorkOptions
  @OptionGroup var result: JSONOption
  @OptionGroup var talk: TalkOptions

  func validate() throws {
    try demandKnownExtension()
    if level != nil && kind != .tare { throw UsageError("--level is for packed outputs, but OUT is none") }
    if container != nil && kind != .tare {
      throw UsageError("--container says what a packed output holds, but OUT is none", hint: "--to names that of OUT")
    }
    if byteOrder != nil && kind != .gguf {
      throw UsageError("--byte-order is for GGUF, but OUT is none", hint: "--to gguf makes it one")
    }
    if compression != nil && kind != .hdf5 && kind != .keras {
      throw UsageError("--compression is for HDF5, but OUT is none", hint: "--to hdf5 makes it one")
    }
    if shard != nil, let kind, kind != .tare, kind.extensions.contains(where: { output.hasSuffix(".\($0)") }) {
      throw UsageError("--shard writes a folder, but OUT is named as a file", hint: "name a folder")
    }
    if dryRun && verify { throw UsageError("--verify reads what was written, but --dry-run writes nothing") }
    guard dequantize || dtype != nil || prune != nil || quantize != nil || (only.isEmpty && skip.isEmpty) else {
      throw UsageError(
        "--only and --skip choose what is transformed, but nothing is",
        hint: "--dtype casts floats, --prune sets weights to zero, --quantize and --dequantize do what they say")
    }
    try demandActivations()
  }

  /// What was asked for, or what the extension of OUT says; nil for a folder.
  var kind: Container? {
    to ?? Container.allCases.first { $0.extensions.contains { output.hasSuffix(".\($0)") } }
  }

  /// What is asked for, in the library's terms.
  func request() throws -> ConversionRequest {
    var request = ConversionRequest()
    request.form = form
    request.container = fileContainer
    request.packs = kind == .tare
    request.byteOrder = byteOrder == .big ? .big : .little
    request.dequantizes = dequantize
    request.shardBytes = shard?.byteCount
    request.foldsMasks = foldMasks
    request.selection = selection.filter
    request.transformed = NameFilter(including: only, excluding: skip)
    request.pruning = try pruningRequest()
    request.dtype = dtype
    request.quantization = quantizationRequest
    request.blockType = blockType
    request.renaming = rename
    return request
  }

  private var form: ConversionRequest.Form {
    if kind == .tare { return .asSource }
    if output.hasSuffix("/") { return .folder }
    return Container.allCases.flatMap(\.extensions).contains { output.hasSuffix(".\($0)") } ? .file : .asSource
  }

  /// The container of the files that are made; nil for that of IN.
  private var fileContainer: OutputContainer? {
    (kind == .tare ? container?.rawValue : kind?.rawValue).flatMap(OutputContainer.init)
  }

  /// The block type that weights are quantised to.
  private var blockType: DType? {
    switch quantize {
    case .blocks(let dtype): dtype
    case .either(_, let dtype): fileContainer == .gguf ? dtype : nil
    case .grid, nil: nil
    }
  }

  /// The grid that weights are put on.
  var gridSpec: QuantizationSpec? {
    switch quantize {
    case .grid(let spec): spec
    case .either(let spec, _): fileContainer == .gguf ? nil : spec
    case .blocks, nil: nil
    }
  }

  private func demandActivations() throws {
    guard (prune?.usesActivations == true) != (activations != nil) else { return }
    if let prune, prune.usesActivations {
      throw UsageError(
        "--prune \(prune) needs the norms of the inputs", hint: "--activations names the file that has them")
    }
    throw UsageError("--activations are for --prune wanda")
  }

  /// A name that promises what this build does not write is no name for a folder.
  private func demandKnownExtension() throws {
    let foreign = ["npz", "npy", "bin", "pt", "pth", "ckpt", "onnx", "tflite"]
    guard kind == nil, let name = foreign.first(where: { output.lowercased().hasSuffix(".\($0)") }) else { return }
    throw UsageError(".\(name) files are not written", hint: "tare formats lists what is")
  }
}

/// What `--compression` says; its default is for where it says nothing.
enum HDF5CompressionChoice {
  case none
  case with(HDF5Compression)

  static let standard = HDF5CompressionChoice.with(HDF5Compression(.gzip)!)

  var compression: HDF5Compression? { if case .with(let compression) = self { compression } else { nil } }
}

/// The way to compress that `text` says.
private func hdf5Compression(_ text: String) throws -> HDF5CompressionChoice {
  if text == "none" { return .none }
  let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
  if let codec = HDF5Compression.Codec(rawValue: parts[0]), parts.count == 1 || Int(parts[1]) != nil,
    let compression = HDF5Compression(codec, level: parts.count == 1 ? nil : Int(parts[1]))
  {
    return .with(compression)
  }
  throw UsageError("expected none, gzip, gzip:1 to gzip:9, zstd, or zstd:1 to zstd:22")
}

/// The way to prune that `text` says.
private func pruningSpec(_ text: String) throws -> PruningSpec {
  try parsed { () throws(ModelError) in try PruningSpec(text) }
}

/// The way to quantise that `text` says.
private func quantization(_ text: String) throws -> ConvertCommand.Quantization {
  let block = BlockQuantizedModel.types.first { $0.name == text.uppercased() }
  if let block, block != .mxfp4 { return .blocks(block) }
  let spec = try parsed { () throws(ModelError) in try QuantizationSpec(text) }
  return block.map { .either(spec, $0) } ?? .grid(spec)
}

/// What `parse` gives; its mistakes are those of the command line.
private func parsed<Value>(_ parse: () throws(ModelError) -> Value) throws -> Value {
  do throws(ModelError) { return try parse() } catch { throw UsageError(error.description, hint: error.hint) }
}

/// The dtype of that name, in whatever case.
private func dtypeNamed(_ text: String) throws -> DType {
  if let dtype = DType.named(text.uppercased()), dtype.blockType == nil { return dtype }
  throw UsageError("no such type; known: \(DType.all.map { $0.name.lowercased() }.joined(separator: ", "))")
}
