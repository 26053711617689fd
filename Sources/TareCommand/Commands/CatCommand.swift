import ArgumentParser
import Tare

/// `tare cat`; what it does is in `CatRun.swift`.
struct CatCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case npy, raw, text
  }

  static let configuration = CommandConfiguration(
    commandName: "cat",
    abstract: "Writes one tensor, or a range of its rows.",
    discussion: """
      Only what is asked for is read. In npy, bf16 and narrower floats are widened to f32; raw gives the bytes as they \
      are stored.
      """)

  @Argument(
    help: "A model: a file, the index of a sharded checkpoint, or a folder.", completion: .file(),
    transform: filePath)
  var model: String

  @Argument(help: "The tensor's name.")
  var tensor: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where the tensor goes. (default: standard output)", valueName: "file"),
    completion: .file(), transform: filePath)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The form in which it is written; unless said otherwise by the extension of the output, else npy.",
      valueName: "form"))
  var format: Format?

  @Option(
    help: ArgumentHelp("The rows from A to B - 1 of the first dimension; A or B may be left out.", valueName: "a:b"),
    transform: RowRange.init)
  var rows: RowRange?

  @OptionGroup var against: BaseOption
  @OptionGroup var overwriting: ForceOption

  /// The form that was asked for, or that the extension of the output says.
  var tensorFormat: Format {
    if let format { return format }
    guard let output else { return .npy }
    if output.hasSuffix(".txt") || output.hasSuffix(".text") { return .text }
    return output.hasSuffix(".raw") || output.hasSuffix(".bin") ? .raw : .npy
  }
}
