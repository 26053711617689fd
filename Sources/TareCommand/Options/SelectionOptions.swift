public import ArgumentParser
public import Tare

/// Which of a model's tensors a command looks at.
struct SelectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Only tensors whose name matches the pattern; *, ? and [a-z] as in a shell. May be repeated.",
      valueName: "glob"))
  var tensor: [GlobPattern] = []

  @Option(help: ArgumentHelp("No tensors whose name matches the pattern. May be repeated.", valueName: "glob"))
  var exclude: [GlobPattern] = []

  /// The tensors that match one of the `--tensor` patterns, where there are any, and none of the `--exclude` patterns.
  var filter: NameFilter { NameFilter(including: tensor, excluding: exclude) }
}

extension GlobPattern: ExpressibleByArgument {
  public init(argument: String) { self.init(argument) }
}
