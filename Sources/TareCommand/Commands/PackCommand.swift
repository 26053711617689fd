import ArgumentParser

/// `tare pack`; what it does is in `PackRun.swift`.
struct PackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pack",
    abstract: "Stores a model compactly, losslessly, as MODEL.tare.",
    discussion: """
      A file is packed alone, a shard too. The index of a sharded checkpoint, or a folder, is packed with all its files.

      What tare unpack gives back is the same, byte for byte, unless --canonical-zero was given: that stores −0 as +0, \
      which loses the sign of zeros and nothing else. The packed file says so, and how many there were.

      With --base, tensors are stored as the difference from those of another model that have the same name and shape, \
      where that is smaller (F32, F16 and BF16 are rounded to each other): what is equal takes nothing, a pruned version its mask, a fine-tuned one the bits \
      that changed. The same model must be given with --base to whatever reads those tensors again; the packed file \
      knows it by its content, and says its name.
      """)

  @Argument(
    help: "Model files, indexes of sharded checkpoints, or folders.", completion: .file(), transform: filePath)
  var model: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where the packed file goes. (default: MODEL.tare beside MODEL)", valueName: "out"),
    completion: .file(), transform: filePath)
  var output: String?

  @Option(
    help: ArgumentHelp("From 1, the fastest, to 9, the smallest. (default: \(PackLevel.standard))", valueName: "1-9"),
    transform: PackLevel.init)
  var level = PackLevel.standard

  @Flag(help: "Store −0 of floating-point tensors as +0: smaller where pruning left signs, but not the same bits.")
  var canonicalZero = false

  @OptionGroup var against: BaseOption

  @Flag(help: "Say for each tensor which encoding was chosen, and why.")
  var explain = false

  @OptionGroup var overwriting: ForceOption
  @OptionGroup var work: WorkOptions
  @OptionGroup var result: JSONOption
  @OptionGroup var talk: TalkOptions

  func validate() throws { try OneOutput.demand(output, for: model) }
}
