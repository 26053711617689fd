import ArgumentParser

/// A half-open range of rows as it is given on the command line: `0:128`, `128:` to the end, `:128` from the start.
struct RowRange: Hashable, Sendable {
  let start: Int
  /// nil means the last row and all before it.
  let end: Int?

  /// - Throws: `UsageError`
  init(_ text: String) throws {
    let bounds = text.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = bounds.map { $0.isEmpty ? nil : Self.number($0) }
    guard bounds.count == 2, zip(bounds, numbers).allSatisfy({ $0.isEmpty || $1 != nil }) else {
      throw UsageError("expected A:B, the first row and the one after the last")
    }
    start = numbers[0] ?? 0
    end = numbers[1]
    if let end, end < start { throw UsageError("the range ends before it starts") }
  }

  private static func number(_ text: Substring) -> Int? {
    text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil
  }
}
