import ArgumentParser
import Tare

/// `tare convert`; what it does is in `ConvertRun.swift`.
struct ConvertCommand: ParsableCommand {
  enum Container: String, ExpressibleByArgument, CaseIterable {
    case safetensors, tare
  }

  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Writes a model anew: in another container, some of its tensors, under other names.",
    discussion: """
      IN is a model file, the index of a sharded checkpoint, a folder that holds one, or a packed file. OUT.tare is what \
      tare pack makes of the file that OUT.safetensors would be.

      Patterns match the names that tensors have in IN.
      """)

  @Argument(help: "The model to read.", completion: .file(), transform: filePath)
  var input: String

  @Argument(help: "The file to write.", completion: .file(), transform: filePath)
  var output: String

  @Option(
    help: ArgumentHelp("The container of OUT, unless its extension says it.", valueName: "container"))
  var to: Container?

  @OptionGroup var selection: SelectionOptions

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

  @OptionGroup var overwriting: ForceOption
  @OptionGroup var work: WorkOptions
  @OptionGroup var result: JSONOption
  @OptionGroup var talk: TalkOptions

  func validate() throws {
    let container = try container
    if level != nil && container != .tare { throw UsageError("--level is for packed outputs, but OUT is \(container)") }
  }

  /// The container that was asked for, or that the extension of OUT says.
  var container: Container {
    get throws {
      if let to { return to }
      if let container = Container.allCases.first(where: { output.hasSuffix(".\($0.rawValue)") }) { return container }
      throw UsageError(
        "\(output) does not end in \(Container.allCases.map { ".\($0.rawValue)" }.joined(separator: " or "))",
        hint: "--to names the container")
    }
  }

  /// What is asked for, in the library's terms.
  var request: ConversionRequest {
    var request = ConversionRequest()
    request.selection = selection.filter
    request.renaming = rename
    return request
  }
}
