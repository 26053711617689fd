import ArgumentParser
import Glibc

/// What a command says beside its result, on standard error.
struct TalkOptions: ParsableArguments {
  @Flag(help: "Say nothing but the result and errors.")
  var quiet = false

  @Flag(help: "Say more about what is being done.")
  var verbose = false

  func validate() throws {
    if quiet && verbose { throw UsageError("--quiet and --verbose exclude each other") }
  }

  /// Says something that is worth knowing.
  func note(_ text: String) {
    if !quiet { StandardError.shared.line("note: " + text) }
  }

  /// Says something for those who asked for more.
  func detail(_ text: @autoclosure () -> String) {
    if verbose { StandardError.shared.line(text()) }
  }

  /// A progress line, which shows on a terminal only.
  func progress(_ label: String, totalBytes: Int) -> Progress {
    let isShown = !quiet && Terminal.isTerminal(STDERR_FILENO) && Terminal.environment("TERM") != "dumb"
    return Progress(
      label, totalBytes: totalBytes, columns: Terminal.columns(STDERR_FILENO) ?? 80,
      on: isShown ? .shared : nil)
  }
}
