import ArgumentParser
import Tare

/// `tare verify`; what it does is in `VerifyRun.swift`.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Checks a model from end to end, or proves that two hold the same.",
    discussion: """
      With one model: its structure and every checksum; each damaged tensor is named. With two: that they hold the \
      same tensors with the same elements, whatever their formats, or how far they are apart.

      A certificate records what was found, with the SHA-256 of every file and of every tensor's elements, so that \
      somebody else can hold a model against it later, whatever container it is in by then.

      Exits with 0 where everything agrees, and with 1 where there is damage or a difference.
      """)

  @Argument(help: "A packed file or any model.", completion: .file(), transform: filePath)
  var a: String

  @Argument(help: "The model to compare it with.", completion: .file(), transform: filePath)
  var b: String?

  @Option(
    help: ArgumentHelp(
      "What counts as the same: exact, the same dtypes and bits, unless said otherwise; value, the same numbers, where -0 is +0 and any NaN is any NaN; abs=X, no error above X; rel=X, none above X times the larger magnitude of the two; sqnr=DB, a ratio of signal to noise of so many decibels or more in each tensor.",
      valueName: "tolerance"),
    transform: { try Tolerance($0) })
  var tolerance: Tolerance?

  @Option(
    help: ArgumentHelp(
      "Compare the tensor named OLD in A with that named NEW in B; a * stands for any run of characters, and for the same run in NEW. May be repeated: each rule is applied to what the one before made.",
      valueName: "old=new"),
    transform: { try RenameRule($0) })
  var rename: [RenameRule] = []

  @Option(
    help: ArgumentHelp("Show at most N of the tensors that differ. (default: 10)", valueName: "n"),
    transform: { try wholeNumber($0, in: 0...Int.max) })
  var maxDifferences: Int?

  @Flag(name: .customLong("sha256"), help: "Say the SHA-256 of each file, too.")
  var sha256 = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write a certificate of what was found.", valueName: "certificate.json"),
    completion: .file(extensions: ["json"]), transform: filePath)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Hold the model against a certificate: A alone against whichever model of it fits, A and B against its two.",
      valueName: "file"),
    completion: .file(extensions: ["json"]), transform: filePath)
  var certificate: String?

  @OptionGroup var overwriting: ForceOption
  @OptionGroup var selection: SelectionOptions
  @OptionGroup var against: BaseOption
  @OptionGroup var work: WorkOptions
  @OptionGroup var result: JSONOption
  @OptionGroup var color: ColorOption
  @OptionGroup var talk: TalkOptions

  func validate() throws {
    if overwriting.force && output == nil { throw UsageError("--force overwrites the output, but there is none") }
    if certificate != nil { try validateCertificate() }
    if output != nil && isSelective {
      throw UsageError("a certificate is of whole models, so --tensor and --exclude don't go with --output")
    }
    guard b == nil && certificate == nil else { return }
    if tolerance != nil { throw UsageError("--tolerance compares two models, but there is one") }
    if !rename.isEmpty { throw UsageError("--rename compares two models, but there is one") }
    if maxDifferences != nil { throw UsageError("--max-differences compares two models, but there is one") }
    if isSelective {
      throw UsageError("--tensor and --exclude choose what is compared of two models, but there is one")
    }
  }

  private var isSelective: Bool { !selection.tensor.isEmpty || !selection.exclude.isEmpty }

  /// A certificate states what is to be compared, and how.
  private func validateCertificate() throws {
    let excluded: [(option: String, isGiven: Bool)] = [
      ("--output", output != nil), ("--tolerance", tolerance != nil), ("--rename", !rename.isEmpty),
      ("--tensor", !selection.tensor.isEmpty), ("--exclude", !selection.exclude.isEmpty),
    ]
    guard let given = excluded.first(where: \.isGiven) else { return }
    throw UsageError("\(given.option) and --certificate exclude each other")
  }
}
