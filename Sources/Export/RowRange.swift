public import TensorModel

/// Rows `A..<B` along a tensor's first dimension, either end left open.
public struct RowRange: Hashable, Sendable {
  /// The first row; 0 where it is left open.
  public var start: Int
  /// The row after the last; nil for the end of the tensor.
  public var end: Int?

  public init(start: Int, end: Int?) {
    self.start = start
    self.end = end
  }

  /// Reads `A:B`, `A:`, `:B` or `:`, decimal digits only.
  /// - Throws: `usage`.
  public init(_ text: String) throws(ModelError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let start = Self.number(parts[0], ifEmpty: 0),
      let end = Self.number(parts[1], ifEmpty: .max)
    else {
      throw ModelError(.usage, "rows '\(text)', expected A:B, A: or :B with row numbers from 0")
    }
    self.init(start: start, end: parts[1].isEmpty ? nil : end)
  }

  private static func number(_ text: Substring, ifEmpty value: Int) -> Int? {
    if text.isEmpty { return value }
    return text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
  }

  /// The rows in a tensor.
  /// - Throws: `usage` where the tensor has no such rows, or no dimensions at all.
  func rows(of tensor: TensorInfo) throws(ModelError) -> Range<Int> {
    guard let count = tensor.shape.first else { throw ModelError(.usage, "a tensor of rank 0 has no rows") }
    let end = end ?? count
    guard start <= end, end <= count else {
      throw ModelError(.usage, "rows \(start):\(end), expected a range within 0:\(count)")
    }
    return start..<end
  }
}
