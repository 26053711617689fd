import ArgumentParser
import Tare

/// `tare convert`; what it does is in `ConvertRun.swift`.
struct ConvertCommand: ParsableCommand {
  enum Container: String, ExpressibleByArgument, CaseIterable {
    case safetensors, tare
  }

  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Writes a model anew: in another container, type or cut, some of its tensors, under other names.",
    discussion: """
      IN is a model file, the index of a sharded checkpoint, a folder that holds one, or a packed file. OUT.safetensors \
      is one file; OUT/ is a folder, into which the other files of IN go along as they are; OUT.tare is what tare pack \
      makes of either, a folder where IN is one.

      Patterns match the names that tensors have in IN.

      Pruning decides on every tensor before anything is written. A share is of all elements, those that are zero already \
      included. Of equal elements the earlier goes. NaN and infinite ones stay. Every zero of a pruned tensor is +0. Notes \
      say what is left alone and why: by name embeddings, output heads, norms, biases, routers and scales; tensors of \
      fewer than two dimensions or of no float type; for N:M the last inputs of a row, where they fill no group.

      Quantising leaves the same alone, and whatever is not F32, F16 or BF16 after --dtype. Weights stay of their type; each \
      is a level times a scale, which tare pack stores at the size of the levels. Zeros stay zeros, all of them +0; NaN and \
      infinite weights stay as they are.

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
      bf16 or f16 (default: f32).
      """, valueName: "how"),
    transform: quantizationSpec)
  var quantize: QuantizationSpec?

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
    if level != nil && container != .tare { throw UsageError("--level is for packed outputs, but OUT is none") }
    if shard != nil && container == .safetensors && output.hasSuffix(".safetensors") {
      throw UsageError("--shard writes a folder, but OUT is named as a file", hint: "name a folder")
    }
    if dryRun && verify { throw UsageError("--verify reads what was written, but --dry-run writes nothing") }
    guard dtype != nil || prune != nil || quantize != nil || (only.isEmpty && skip.isEmpty) else {
      throw UsageError(
        "--only and --skip choose what is transformed, but nothing is",
        hint: "--dtype casts floats, --prune sets weights to zero, --quantize puts them on a grid")
    }
    try demandActivations()
  }

  /// The container that was asked for, or that the extension of OUT says; nil for a folder.
  var container: Container? {
    to ?? Container.allCases.first { output.hasSuffix(".\($0.rawValue)") }
  }

  /// What is asked for, in the library's terms.
  func request() throws -> ConversionRequest {
    var request = ConversionRequest()
    request.form = form
    request.shardBytes = shard?.byteCount
    request.foldsMasks = foldMasks
    request.selection = selection.filter
    request.transformed = NameFilter(including: only, excluding: skip)
    request.pruning = try pruningRequest()
    request.dtype = dtype
    request.quantization = quantizationRequest
    request.renaming = rename
    return request
  }

  private var form: ConversionRequest.Form {
    if container == .tare { return .asSource }
    if output.hasSuffix("/") { return .folder }
    return output.hasSuffix(".safetensors") ? .file : .asSource
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
    let foreign = ["gguf", "h5", "hdf5", "keras", "npz", "npy", "bin", "pt", "pth", "ckpt", "onnx", "tflite"]
    guard container == nil, let name = foreign.first(where: { output.lowercased().hasSuffix(".\($0)") }) else { return }
    throw UsageError(".\(name) files are not written", hint: "tare formats lists what is")
  }
}

/// The way to prune that `text` says.
private func pruningSpec(_ text: String) throws -> PruningSpec {
  try parsed { () throws(ModelError) in try PruningSpec(text) }
}

/// The way to quantise that `text` says.
private func quantizationSpec(_ text: String) throws -> QuantizationSpec {
  try parsed { () throws(ModelError) in try QuantizationSpec(text) }
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
