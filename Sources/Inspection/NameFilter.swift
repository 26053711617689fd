/// Chooses tensors by name: those that match a pattern to include (all, where there is none) and none to exclude.
///
/// In a pattern `*` stands for any characters, dots among them, and `?` for one; everything else for itself.
public struct NameFilter: Hashable, Sendable {
  public var including: [String]
  public var excluding: [String]

  public init(including: [String] = [], excluding: [String] = []) {
    self.including = including
    self.excluding = excluding
  }

  public func accepts(_ name: String) -> Bool {
    (including.isEmpty || including.contains { matches($0, name) }) && !excluding.contains { matches($0, name) }
  }
}

/// Whether all of `name` matches `pattern`. O(pattern × name), without recursion.
func matches(_ pattern: String, _ name: String) -> Bool {
  let pattern = Array(pattern.unicodeScalars)
  let name = Array(name.unicodeScalars)
  var p = 0
  var n = 0
  // Where to go on when a try fails: after the last star, with the star taking one character more.
  var retry: (pattern: Int, name: Int)?
  while n < name.count {
    if p < pattern.count, pattern[p] == "*" {
      retry = (p + 1, n)
      p += 1
    } else if p < pattern.count, pattern[p] == "?" || pattern[p] == name[n] {
      p += 1
      n += 1
    } else if let last = retry {
      retry = (last.pattern, last.name + 1)
      p = last.pattern
      n = last.name + 1
    } else {
      return false
    }
  }
  return pattern[p...].allSatisfy { $0 == "*" }
}
