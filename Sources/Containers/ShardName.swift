/// A shard's file name taken apart: `model-00001-of-00003.safetensors` is number 1 of 3.
public struct ShardName: Hashable, Sendable {
  /// What stands before the hyphen of the number.
  public let prefix: String
  /// From 1.
  public let number: Int
  public let count: Int
  /// Digits of both numbers.
  public let width: Int
  /// What follows the count, its dot with it.
  public let suffix: String

  /// - Parameter suffix: what the name must end with, such as `.safetensors`.
  public init?(_ name: String, suffix: String) {
    guard name.hasSuffix(suffix) else { return nil }
    let parts = name.dropLast(suffix.count).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[parts.count - 2] == "of" else { return nil }
    let digits = (number: parts[parts.count - 3], count: parts[parts.count - 1])
    guard digits.number.utf8.count == digits.count.utf8.count,
      digits.number.utf8.allSatisfy({ $0.decimalDigit != nil }),
      digits.count.utf8.allSatisfy({ $0.decimalDigit != nil }),
      let number = Int(digits.number), let count = Int(digits.count), number >= 1, number <= count
    else { return nil }
    prefix = parts.dropLast(3).joined(separator: "-")
    self.number = number
    self.count = count
    width = digits.count.utf8.count
    self.suffix = suffix
  }

  /// The file name of the shard of that number.
  public func name(ofShard number: Int) -> String {
    "\(prefix)-\(padded(number))-of-\(padded(count))\(suffix)"
  }

  private func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}
