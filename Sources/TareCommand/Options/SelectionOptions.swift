import ArgumentParser

/// Which of a model's tensors a command looks at.
struct SelectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Only tensors whose name matches the pattern; *, ? and [a-z] as in a shell. May be repeated.",
      valueName: "glob"))
  var tensor: [GlobPattern] = []

  @Option(help: ArgumentHelp("No tensors whose name matches the pattern. May be repeated.", valueName: "glob"))
  var exclude: [GlobPattern] = []

  /// Whether the tensor of that name is looked at: it matches one of the `--tensor` patterns, where there are any, and
  /// none of the `--exclude` patterns.
  func includes(_ name: String) -> Bool {
    (tensor.isEmpty || tensor.contains { $0.matches(name) }) && !exclude.contains { $0.matches(name) }
  }

  /// Whether anything at all is chosen or excluded.
  var isActive: Bool { !tensor.isEmpty || !exclude.isEmpty }
}
