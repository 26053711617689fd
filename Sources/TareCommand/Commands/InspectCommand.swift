import ArgumentParser

/// `tare inspect`; what it does is in `InspectRun.swift`.
struct InspectCommand: ParsableCommand {
  enum Group: String, ExpressibleByArgument, CaseIterable {
    case tensor, layer, model
  }

  enum Sort: String, ExpressibleByArgument, CaseIterable {
    case name, bytes, sparsity, savings, file
  }

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, json
  }

  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Reports what a model holds, layer by layer.",
    discussion: """
      Types, shapes, bytes, sparsity, structure, statistics of the values, and what packing would save. Zeros are zeros \
      whatever their sign; -0 is counted apart as well.

      Counts, extremes, mean and deviation are exact. So is all else of types of at most 16 bits; of wider ones, \
      quantiles and outliers are exact to the relative quantile_error, distinct values are exact up to 1024 and to 3 % \
      beyond, and the entropy may come from every eighth chunk. --exact leaves only the quantiles' error. Of wider \
      types with more than 1024 distinct values, the entropy is the sum of that of the sign, exponent and leading \
      mantissa bits and that of each byte below, an upper bound. An outlier is farther than 6 standard deviations from \
      the mean. exact_in is the narrowest float type that holds every value bit for bit.
      """)

  @Argument(help: "Models: files, indexes of sharded checkpoints, folders.", completion: .file(), transform: filePath)
  var model: [String]

  @Flag(help: "Read the header alone, no data.")
  var headerOnly = false

  @Flag(help: "Sample nothing: pack all of the data, count all distinct values.")
  var exact = false

  @Option(help: ArgumentHelp("What makes one row of the report.", valueName: "unit"))
  var group = Group.tensor

  @Option(help: ArgumentHelp("The order of the rows; file is the order in the file.", valueName: "key"))
  var sort = Sort.file

  @Option(help: ArgumentHelp("The form of the report; a table unless said otherwise.", valueName: "form"))
  var format: Format?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write the report to a file.", valueName: "file"), completion: .file(),
    transform: filePath)
  var output: String?

  @OptionGroup var overwriting: ForceOption
  @OptionGroup var selection: SelectionOptions
  @OptionGroup var work: WorkOptions
  @OptionGroup var result: JSONOption
  @OptionGroup var color: ColorOption
  @OptionGroup var talk: TalkOptions

  /// The form that was asked for; `--json` is short for `--format json`.
  var reportFormat: Format { result.json ? .json : format ?? .table }

  func validate() throws {
    if result.json && format == .table { throw UsageError("--json and --format table exclude each other") }
    if headerOnly && exact { throw UsageError("--exact reads the data, which --header-only leaves unread") }
    if group == .model && sort != .file { throw UsageError("--sort has nothing to sort with --group model") }
    if headerOnly && (sort == .sparsity || sort == .savings) {
      throw UsageError("--sort \(sort.rawValue) needs the data, which --header-only leaves unread")
    }
  }
}
