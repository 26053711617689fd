/// A shell pattern for whole names: `*` any run, `?` any one character, `[a-z]` and `[!a-z]` one of a class, `\` before a
/// character means itself. Dots and slashes are ordinary characters.
public struct GlobPattern: Hashable, Sendable {
  private enum Part: Hashable {
    case run
    case any
    case character(Unicode.Scalar)
    case oneOf([ClosedRange<Unicode.Scalar>], isNegated: Bool)
  }

  private let parts: [Part]

  public init(_ pattern: String) {
    var rest = Array(pattern.unicodeScalars)[...]
    var parts: [Part] = []
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": if parts.last != .run { parts.append(.run) }
      case "?": parts.append(.any)
      case "[": parts.append(Self.takeClass(&rest) ?? .character("["))
      case "\\": parts.append(.character(rest.popFirst() ?? "\\"))
      default: parts.append(.character(scalar))
      }
    }
    self.parts = parts
  }

  /// Takes a class up to its `]`; takes nothing where there is none, and the `[` means itself.
  private static func takeClass(_ rest: inout ArraySlice<Unicode.Scalar>) -> Part? {
    var body = rest
    let isNegated = body.first == "!" || body.first == "^"
    if isNegated { body.removeFirst() }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    while let low = body.popFirst() {
      // A `]` that comes first stands for itself.
      if low == "]" && !ranges.isEmpty {
        rest = body
        return .oneOf(ranges, isNegated: isNegated)
      }
      var high = low
      if body.first == "-", let end = body.dropFirst().first, end != "]" {
        high = end
        body.removeFirst(2)
      }
      ranges.append(min(low, high)...max(low, high))
    }
    return nil
  }

  /// Whether the pattern fits all of `name`; O(pattern × name) at worst.
  public func matches(_ name: String) -> Bool {
    let scalars = Array(name.unicodeScalars)
    var part = 0
    var position = 0
    // Where the last run stands, and how far it reaches: one step back is enough, since a later run can do whatever
    // an earlier one could.
    var lastRun: (part: Int, end: Int)?
    while position < scalars.count {
      if part < parts.count, parts[part] == .run {
        lastRun = (part, position)
        part += 1
      } else if part < parts.count, Self.fits(parts[part], scalars[position]) {
        part += 1
        position += 1
      } else if let run = lastRun {
        lastRun = (run.part, run.end + 1)
        part = run.part + 1
        position = run.end + 1
      } else {
        return false
      }
    }
    return parts[part...].allSatisfy { $0 == .run }
  }

  private static func fits(_ part: Part, _ scalar: Unicode.Scalar) -> Bool {
    switch part {
    case .run: false
    case .any: true
    case .character(let wanted): scalar == wanted
    case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
    }
  }
}
