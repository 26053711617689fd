/// A rule `OLD=NEW` that gives tensors new names: each `*` of OLD stands for any run of characters, which takes the place
/// of the `*` of the same number in NEW.
///
/// Everything else means itself. A run is as short as it can be, the last one as long as it must: `*.a.*` takes `x.a.y.a.z`
/// apart into `x` and `y.a.z`.
public struct RenameRule: Hashable, Sendable, CustomStringConvertible {
  /// What stands between the stars, as UTF-8.
  private let old: [[UInt8]]
  private let new: [[UInt8]]
  public let description: String

  /// - Throws: `usage` unless `rule` is `OLD=NEW` with as many stars on either side, and OLD is not empty.
  public init(_ rule: String) throws(ModelError) {
    guard let sign = rule.utf8.firstIndex(of: UInt8(ascii: "=")), sign != rule.startIndex else {
      throw ModelError(.usage, "'\(rule)', expected OLD=NEW")
    }
    old = Self.pieces(rule.utf8[..<sign])
    new = Self.pieces(rule.utf8[rule.utf8.index(after: sign)...])
    description = rule
    guard old.count == new.count else {
      throw ModelError(
        .usage, "'\(rule)' has \(old.count - 1) * before the = and \(new.count - 1) behind it, expected as many")
    }
  }

  private static func pieces(_ text: Substring.UTF8View) -> [[UInt8]] {
    text.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
  }

  /// The new name of `name`; nil where the rule does not fit it.
  public func renamed(_ name: String) -> String? {
    let utf8 = Array(name.utf8)
    guard let runs = runs(in: utf8) else { return nil }
    var result = new[0]
    for (run, piece) in zip(runs, new.dropFirst()) { result += utf8[run] + piece }
    // Pieces are cut at ASCII characters, so whole characters stay whole.
    return String(decoding: result, as: UTF8.self)
  }

  /// What each star stands for.
  private func runs(in name: [UInt8]) -> [Range<Int>]? {
    guard old.count > 1 else { return name == old[0] ? [] : nil }
    let (head, tail) = (old[0], old[old.count - 1])
    guard name.count >= head.count + tail.count, name.starts(with: head), name.suffix(tail.count) == tail[...] else {
      return nil
    }
    let end = name.count - tail.count
    var runs: [Range<Int>] = []
    var start = head.count
    for piece in old[1..<(old.count - 1)] {
      guard let place = Self.first(piece, in: name, start..<end) else { return nil }
      runs.append(start..<place)
      start = place + piece.count
    }
    runs.append(start..<end)
    return runs
  }

  private static func first(_ piece: [UInt8], in name: [UInt8], _ range: Range<Int>) -> Int? {
    guard piece.count <= range.count else { return nil }
    return (range.lowerBound...(range.upperBound - piece.count)).first { name[$0...].starts(with: piece) }
  }
}
