/// A whole number in `range`, in decimal digits.
/// - Throws: `UsageError`
func wholeNumber(_ text: String, in range: ClosedRange<Int>) throws -> Int {
  guard let number = Int(text), range.contains(number) else {
    throw UsageError(
      range.upperBound == .max
        ? "expected a whole number from \(range.lowerBound)"
        : "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
  }
  return number
}
