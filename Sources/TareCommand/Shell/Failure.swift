import ArgumentParser
import TensorModel

/// How a command ended other than by returning: the lines for the user and the exit code.
struct Failure {
  /// What follows `tare: `, one line; nil where there is nothing to say.
  private(set) var message: String?
  private(set) var hint: String?
  /// Help, the version or a completion script, where the user asked for one.
  private(set) var request: String?
  let exitCode: Int32

  /// - Parameter arguments: the command line, from which the hint learns the command.
  init(_ error: any Error, _ arguments: [String]) {
    switch error {
    case let error as ModelError:
      message = error.description
      hint = error.hint?.escapedForDisplay
      exitCode = error.code.exitCode
    case let code as ExitCode:
      exitCode = code.rawValue
    case _ where RootCommand.exitCode(for: error) == .success:
      request = RootCommand.message(for: error).trimmingTrailingNewlines + "\n"
      exitCode = 0
    default:
      let complaint = ParserComplaint(RootCommand.message(for: error), arguments)
      message = complaint.message
      hint = complaint.hint
      exitCode = ExitCode.validationFailure.rawValue
    }
  }

  /// Says it on standard error.
  func report() {
    guard let message else { return }
    StandardError.shared.line("tare: " + message)
    if let hint { StandardError.shared.line("hint: " + hint) }
  }
}

extension ModelError.Code {
  /// The exit code of a command that ends with such an error, in the numbers of `sysexits.h`.
  var exitCode: Int32 {
    switch self {
    case .damaged: 1
    case .usage: 64
    case .malformed, .wrongBase: 65
    case .missing: 66
    case .unsupported: 69
    case .cannotCreate: 73
    case .inputOutput: 74
    case .interrupted: 130
    }
  }
}

extension String {
  fileprivate var trimmingTrailingNewlines: String {
    var text = self[...]
    while text.last == "\n" { text.removeLast() }
    return String(text)
  }
}
