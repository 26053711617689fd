import Foundation
import TensorModel
import Testing

/// `formats/blocks.md` shows the layouts that the program uses.
@Suite struct BlockPageTests {
  /// The fields of a type, with the bytes at which they begin, and its formula.
  private func section(_ type: BlockType) -> String {
    let layout = type.layout
    var lines = ["### \(type.rawValue)", "", "\(layout.elements) elements in \(layout.byteCount) bytes", ""]
    lines += ["| at | field | what it is |", "|---|---|---|"]
    lines += layout.fields.map { field in
      "| \(field.offset) | `\(field.name)` \(field.word)\(field.count > 1 ? " × \(field.count)" : "") | \(field.role.rawValue) |"
    }
    return (lines + ["", layout.formula, ""]).joined(separator: "\n")
  }

  @Test func thePageShowsEveryType() throws {
    let path = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../formats/blocks.md").standardized.path
    let page = try String(contentsOfFile: path, encoding: .utf8)
    let start = try #require(page.range(of: "### "))
    let expected = BlockType.allCases.map(section).joined(separator: "\n")
    #expect(page[start.lowerBound...] == expected, "of the types, formats/blocks.md says\n\(expected)")
  }
}
