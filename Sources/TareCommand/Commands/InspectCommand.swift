import ArgumentParser
import Tare

/// `tare inspect`; what it does is in `InspectRun.swift`.
struct InspectCommand: ParsableCommand {
  enum Group: String, ExpressibleByArgument, CaseIterable {
    case tensor, layer, model
  }

  enum Sort: String, ExpressibleByArgument, CaseIterable {
    case name, bytes, sparsity, savings, file
  }

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, json, csv, markdown
  }

  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Reports what a model holds, layer by layer.",
    discussion: """
      Types, shapes, bytes, sparsity, structure, statistics of the values, and what packing would save. Zeros are zeros \
      whatever their sign; -0 is counted apart as well.

      Counts, extremes, mean and deviation are exact. So is all else of types of at most 16 bits; of wider ones, \
      quantiles and outliers are exact to the relative quantile_error, and distinct values are exact up to 1024 and to \
      3 % beyond. Of more than 131072 wide elements, quantiles, outliers and entropy come from sampled_elements of \
      them, lines of 16 that lie all over the tensor, at least 65536 elements. Packed sizes are projected from pieces \
      of 256 KiB. --exact leaves only the quantiles' error. Of wider types with more than 1024 distinct values, the \
      entropy is the sum of that of the sign, exponent and leading mantissa bits and that of each byte below, an upper \
      bound. An outlier is farther than 6 standard deviations from the mean. exact_in is the narrowest float type that \
      holds every value bit for bit. row_norms and column_norms are Euclidean, of the matrix of shape[0] rows; the \
      median of the rows is exact to 0.1 %, and more than 65536 columns are not added up.

      grid says how the values lie on a quantisation grid, where packing would store them so: kind (affine: integers \
      times a scale, and an offset where there is one; palette: the levels of a book), book (integers, nf4, fp4_e2m1, \
      fp8_e4m3, learned), bits, levels, symmetric, the elements that share a scale (group: rows x columns), the \
      narrowest scale_type that holds the scales, and the share of the groups that lie on it. It is proved for a piece \
      from the middle of the tensor. In the table it stands under structure: "int4 g128", "ternary", "fp8 128x128".

      The conditions of --fail-if compare a key of the totals in JSON, or after "tensor." one of each tensor's, with a \
      number by <, <=, >, >=, == or !=; "and" joins several, which then hold for the same tensor. The report is \
      written in any case.
      """)

  @Argument(help: "Models: files, indexes of sharded checkpoints, folders.", completion: .file(), transform: filePath)
  var model: [String]

  @Flag(help: "Read the header alone, no data.")
  var headerOnly = false

  @Flag(help: "Sample nothing: pack all of the data, count all elements and distinct values.")
  var exact = false

  @Option(help: ArgumentHelp("What makes one row of the report.", valueName: "unit"))
  var group = Group.tensor

  @Option(help: ArgumentHelp("The order of the rows; file is the order in the file.", valueName: "key"))
  var sort = Sort.file

  @Option(help: ArgumentHelp("The form of the report; a table unless said otherwise.", valueName: "form"))
  var format: Format?

  @Flag(help: "Show how the values that are not 0 are spread, as bars in the table, in full in JSON.")
  var histogram = false

  @Option(
    help: ArgumentHelp("Show another model beside the one, row by row, and what changed.", valueName: "model"),
    completion: .file(), transform: filePath)
  var compare: String?

  @Option(
    help: ArgumentHelp(
      "Exit with 1 where this holds, such as 'sparsity<50%' or 'tensor.nan>0'. May be repeated.",
      valueName: "condition"),
    transform: reportCondition)
  var failIf: [ReportCondition] = []

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Write the report to a file.", valueName: "file"), completion: .file(),
    transform: filePath)
  var output: String?

  @OptionGroup var overwriting: ForceOption
  @OptionGroup var selection: SelectionOptions
  @OptionGroup var against: BaseOption
  @OptionGroup var work: WorkOptions
  @OptionGroup var result: JSONOption
  @OptionGroup var color: ColorOption
  @OptionGroup var talk: TalkOptions

  /// The form that was asked for; `--json` is short for `--format json`.
  var reportFormat: Format { result.json ? .json : format ?? .table }

  func validate() throws {
    if result.json, let format, format != .json {
      throw UsageError("--json and --format \(format.rawValue) exclude each other")
    }
    if compare != nil && model.count > 1 { throw UsageError("--compare shows one model beside one other") }
    if histogram { try validateHistogram() }
    if headerOnly, let condition = failIf.first(where: \.needsData) {
      throw UsageError("'\(condition.text)' needs the data, which --header-only leaves unread")
    }
    if headerOnly && exact { throw UsageError("--exact reads the data, which --header-only leaves unread") }
    if group == .model && sort != .file { throw UsageError("--sort has nothing to sort with --group model") }
    if headerOnly && (sort == .sparsity || sort == .savings) {
      throw UsageError("--sort \(sort.rawValue) needs the data, which --header-only leaves unread")
    }
  }
  private func validateHistogram() throws {
    if headerOnly { throw UsageError("--histogram needs the data, which --header-only leaves unread") }
    if group != .tensor { throw UsageError("--histogram is of tensors, not of a \(group.rawValue)") }
    if reportFormat == .csv { throw UsageError("--histogram has no form in csv", hint: "--json holds it in full") }
    if compare != nil && reportFormat != .json {
      throw UsageError("--histogram has no place beside --compare", hint: "--json holds both in full")
    }
  }
}

/// A condition of `--fail-if`.
func reportCondition(_ text: String) throws -> ReportCondition {
  do throws(ReportCondition.SyntaxError) {
    return try ReportCondition(text)
  } catch {
    throw UsageError(error.message, hint: error.hint)
  }
}
