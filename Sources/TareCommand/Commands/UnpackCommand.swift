import ArgumentParser
import Tare

/// `tare unpack`; what it does is in `UnpackRun.swift`.
struct UnpackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unpack",
    abstract: "Gives the original file or folder back, byte for byte.",
    discussion: """
      Every checksum is checked on the way. The result appears under its name when it is whole, and not before.

      With --salvage a damaged file gives what is whole of it, and zeros in place of the rest, which is named; the exit \
      status is 1 then. The result is PACKED without .tare, followed by .salvaged, so that nobody takes it for the \
      original. A file whose end is missing or damaged cannot be salvaged: the index lies there.
      """)

  @Argument(help: "Packed files.", completion: .file(extensions: ["tare"]), transform: filePath)
  var packed: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Where the original goes. (default: PACKED without .tare; with --salvage, followed by .salvaged)",
      valueName: "out"),
    completion: .file(), transform: filePath)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Refuse a file whose content is more than N times its own size. (default: \(Limits().expansion))", valueName: "n"),
    transform: { try wholeNumber($0, in: 1...Int.max) })
  var maxExpansion = Limits().expansion

  @Flag(help: "Bring back what is whole of a damaged file, and name what isn't.")
  var salvage = false

  @OptionGroup var overwriting: ForceOption
  @OptionGroup var against: BaseOption
  @OptionGroup var work: WorkOptions
  @OptionGroup var result: JSONOption
  @OptionGroup var talk: TalkOptions

  func validate() throws { try OneOutput.demand(output, for: packed) }
}
