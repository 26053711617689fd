public import TensorModel

/// How a model is pruned: what is compared, and how much of it goes.
///
/// A share is of all elements (blocks, rows) that are compared, those that are zero already included; the number that goes
/// is share × count, rounded to the nearest whole, ties to even.
public struct PruningSpec: Hashable, Sendable, CustomStringConvertible {
  public enum Method: Hashable, Sendable {
    /// The smallest magnitudes of each tensor.
    case magnitude(share: Double)
    /// The smallest magnitudes of all tensors together.
    case global(share: Double)
    /// All but the `kept` largest magnitudes of each group of `size` along the input dimension.
    case groups(kept: Int, size: Int)
    /// The blocks of least mean square of each tensor.
    case blocks(rows: Int, columns: Int, share: Double)
    /// The rows (output channels) of least norm of each tensor.
    case rows(share: Double)
    /// The smallest |w| · ‖x‖ of each row, where ‖x‖ is the norm of the input that meets the weight (Sun et al., "A Simple
    /// and Effective Pruning Approach for Large Language Models", 2023).
    case wanda(share: Double)
    /// All but the `kept` largest |w| · ‖x‖ of each group of `size`.
    case wandaGroups(kept: Int, size: Int)
  }

  public let method: Method
  /// As it was written.
  public let description: String

  /// Groups larger than this are no structure that hardware or kernels know.
  static let largestGroup = 1024
  /// Smaller blocks are better served by single elements: a plan holds one bit for each block.
  static let smallestBlock = 4

  public init(_ method: Method, description: String) {
    self.method = method
    self.description = description
  }

  /// Whether norms of the inputs are needed.
  public var usesActivations: Bool {
    switch method {
    case .wanda, .wandaGroups: true
    default: false
    }
  }

  /// Parses `magnitude:0.5`, `global:0.5`, `2:4`, `block16x16:0.75`, `rows:0.25`, `wanda:0.5` or `wanda:2:4`.
  /// - Throws: `usage` with what was expected.
  public init(_ text: String) throws(ModelError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else { throw Self.unknown(text) }
    switch parts[0] {
    case "magnitude": method = .magnitude(share: try Self.share(parts[1], in: text))
    case "global": method = .global(share: try Self.share(parts[1], in: text))
    case "rows": method = .rows(share: try Self.share(parts[1], in: text))
    case "wanda" where parts[1].contains(":"):
      let (kept, size) = try Self.groups(parts[1], in: text)
      method = .wandaGroups(kept: kept, size: size)
    case "wanda": method = .wanda(share: try Self.share(parts[1], in: text))
    case let name where name.hasPrefix("block"):
      let (rows, columns) = try Self.block(name.dropFirst(5), in: text)
      method = .blocks(rows: rows, columns: columns, share: try Self.share(parts[1], in: text))
    case let name where Self.number(name) != nil:
      let (kept, size) = try Self.groups(text, in: text)
      method = .groups(kept: kept, size: size)
    default: throw Self.unknown(text)
    }
    description = text
  }

  /// A decimal from 0 to 1.
  private static func share(_ text: String, in whole: String) throws(ModelError) -> Double {
    let isDecimal = text.utf8.allSatisfy {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
    }
    guard isDecimal, let share = Double(text), (0...1).contains(share) else {
      throw ModelError(.usage, "'\(whole)' has the share '\(text)', expected a number from 0 to 1 such as 0.5")
    }
    return share
  }

  private static func groups(_ text: String, in whole: String) throws(ModelError) -> (kept: Int, size: Int) {
    let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { number(String($0)) }
    guard numbers.count == 2, let kept = numbers[0], let size = numbers[1], kept > 0, kept < size, size <= largestGroup
    else {
      throw ModelError(
        .usage, "'\(whole)', expected N:M such as 2:4: N of M elements are kept, N from 1, M at most \(largestGroup)")
    }
    return (kept, size)
  }

  private static func block(_ text: Substring, in whole: String) throws(ModelError) -> (rows: Int, columns: Int) {
    let numbers = text.split(separator: "x", omittingEmptySubsequences: false).map { number(String($0)) }
    guard numbers.count == 2, let rows = numbers[0], let columns = numbers[1], rows > 0, columns > 0 else {
      throw ModelError(.usage, "'\(whole)', expected blocks of rows x columns such as block16x16:0.75")
    }
    guard rows >= smallestBlock || columns >= smallestBlock || rows * columns >= smallestBlock else {
      throw ModelError(
        .usage, "'\(whole)' has blocks of \(rows * columns) elements, expected at least \(smallestBlock)",
        hint: "magnitude compares single elements")
    }
    return (rows, columns)
  }

  /// A whole number of at most seven digits.
  private static func number(_ text: String) -> Int? {
    guard (1...7).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }

  private static func unknown(_ text: String) -> ModelError {
    ModelError(
      .usage, "'\(text)' is no way to prune",
      hint: "magnitude:0.5, global:0.5, 2:4, block16x16:0.75, rows:0.25, wanda:0.5 and wanda:2:4 are")
  }

  /// How many of `count` a share is.
  static func number(of count: Int, share: Double) -> Int {
    min(count, Int((share * Double(count)).rounded(.toNearestOrEven)))
  }
}
