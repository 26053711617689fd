extension TextTable {
  /// The table in the Markdown of GitHub; the footer is its last row, in bold.
  var markdown: [String] {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    let rule = columns.map { $0.isRightAligned ? "---:" : ":---" }
    let strong = footer.map { $0.isEmpty ? "" : "**\($0.escapedForMarkdown)**" }
    return [line(columns.map(\.title)), line(rule)] + rows.map { line($0.map(\.escapedForMarkdown)) } + [line(strong)]
  }
}

extension String {
  /// The text with a backslash before what Markdown would take for its own. Control characters are escaped already.
  var escapedForMarkdown: String {
    var text = ""
    for character in self {
      if "\\`*_{}[]<>#|~&".contains(character) { text += "\\" }
      text.append(character)
    }
    return text
  }
}
