import ArgumentParser
import Glibc

/// Whether the text that a command writes to standard output has colors.
struct ColorOption: ParsableArguments {
  enum When: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never
  }

  @Option(help: ArgumentHelp("Colors: auto, always or never; auto obeys NO_COLOR.", valueName: "when"))
  var color = When.auto

  /// The attributes for text on standard output.
  var style: TextStyle {
    switch color {
    case .always: TextStyle(isColored: true)
    case .never: TextStyle(isColored: false)
    case .auto: TextStyle(isColored: Self.terminalTakesColors)
    }
  }

  private static var terminalTakesColors: Bool {
    Terminal.isTerminal(STDOUT_FILENO) && (Terminal.environment("NO_COLOR") ?? "").isEmpty
      && Terminal.environment("TERM") != "dumb"
  }
}
