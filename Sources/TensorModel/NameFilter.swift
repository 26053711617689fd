/// Chooses tensors by name: those that match a pattern to include (all, where there is none) and none to exclude.
public struct NameFilter: Hashable, Sendable {
  public var including: [GlobPattern]
  public var excluding: [GlobPattern]

  public init(including: [GlobPattern] = [], excluding: [GlobPattern] = []) {
    self.including = including
    self.excluding = excluding
  }

  public func accepts(_ name: String) -> Bool {
    (including.isEmpty || including.contains { $0.matches(name) }) && !excluding.contains { $0.matches(name) }
  }
}
