/// How hard the packer tries: from 1, the fastest, to 9, the smallest.
struct PackLevel: Hashable, Sendable, CustomStringConvertible {
  let number: Int

  static let standard = PackLevel(number: 3)

  private init(number: Int) { self.number = number }

  /// - Throws: `UsageError`
  init(_ text: String) throws { number = try wholeNumber(text, in: 1...9) }

  var description: String { String(number) }
}
