import ArgumentParser

/// `tare`: the commands of this build, and what they have in common.
struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tare",
    abstract: "Stores trained models compactly and losslessly, and says what they hold.",
    discussion: """
      Models are safetensors files, sharded checkpoints, folders that hold one, and packed files. What a file is \
      follows from its content; its name only breaks ties.

      Results go to standard output; progress, notes and errors go to standard error.
      """,
    version: "tare \(toolVersion)",
    subcommands: [
      InspectCommand.self, PackCommand.self, UnpackCommand.self, ConvertCommand.self, VerifyCommand.self,
      CatCommand.self, FormatsCommand.self,
    ])

  mutating func run() throws {
    throw UsageError("a command is missing", hint: "tare --help lists the commands")
  }
}

/// The version of the tool, as `--version` and the JSON documents state it.
let toolVersion = "0.1.0"
