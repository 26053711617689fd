import ArgumentParser
import TensorModel

/// A value or a combination of options that makes no sense; exit 64.
struct UsageError: Error, CustomStringConvertible {
  let message: String
  let hint: String?

  init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }

  /// The form in which the error passes through the parser; `ParserComplaint` takes it apart again.
  var description: String { message + (hint.map { UsageError.hintMark + $0 } ?? "") }

  static let hintMark = "\nhint: "
}

/// What the parser has to complain of, as one line and a hint, in the manner of every other error.
struct ParserComplaint {
  let message: String
  let hint: String

  /// - Parameter text: the parser's own words, which may be several lines.
  init(_ text: String, _ arguments: [String]) {
    if let command = Self.unknownCommand(arguments) {
      message = "unknown command '\(command)'".escapedForDisplay
      hint = "tare --help lists the commands"
      return
    }
    for (mark, word) in [(UsageError.hintMark, ""), (". Did you mean ", "did you mean "), (". Please provide ", "")] {
      guard let (before, after) = text.split(at: mark) else { continue }
      message = before.asMessage
      hint = (word + after).asMessage
      return
    }
    message = text.asMessage
    hint = "\((["tare"] + Self.command(in: arguments)).joined(separator: " ")) --help shows what is expected"
  }

  /// The first argument, where it should name a command and does not.
  private static func unknownCommand(_ arguments: [String]) -> String? {
    guard let first = arguments.first, !first.hasPrefix("-"), !commandNames.contains(first) else { return nil }
    return first
  }

  private static func command(in arguments: [String]) -> [String] {
    arguments.first.map { commandNames.contains($0) ? [$0] : [] } ?? []
  }

  private static let commandNames =
    ["help"] + RootCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
}

extension String {
  /// What stands before and after the first `mark`.
  fileprivate func split(at mark: String) -> (before: String, after: String)? {
    var rest = self[...]
    while !rest.isEmpty {
      if rest.hasPrefix(mark) { return (String(self[..<rest.startIndex]), String(rest.dropFirst(mark.count))) }
      rest.removeFirst()
    }
    return nil
  }

  /// One line, lower case at the start, no full stop at the end.
  fileprivate var asMessage: String {
    var line = split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }.joined(separator: " ")
    if line.hasSuffix(".") { line.removeLast() }
    if let first = line.first { line = first.lowercased() + line.dropFirst() }
    return line.escapedForDisplay
  }
}
