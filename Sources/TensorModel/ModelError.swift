/// The one error of the library: what was expected, what was found, and where.
///
/// `description` is one line, ready to be shown: `FILE: tensor 'NAME': MESSAGE (at byte N)`.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of failure it is; a command line maps each to its exit code.
  public enum Code: String, Hashable, Sendable {
    /// The file breaks its format, is truncated, or exceeds a limit.
    case malformed
    /// A stored checksum or a structure inside a recognised packed file does not hold.
    case damaged
    /// The file does not exist or cannot be read.
    case missing
    /// The file is legal but holds something that this build does not know.
    case unsupported
    /// The model that was given as a base is not the one that is needed.
    case wrongBase
    /// The output cannot be created.
    case cannotCreate
    /// Reading or writing failed half-way.
    case inputOutput
    /// The caller asked for something that makes no sense.
    case usage
    /// The user stopped the work.
    case interrupted
  }

  public var code: Code
  public var message: String
  /// Where in the file the message points, in bytes from its start.
  public var byteOffset: Int?
  /// Outermost first: the file, then the tensor, and so on.
  public var context: [String]
  /// What the user can do about it.
  public var hint: String?

  public init(_ code: Code, _ message: String, at byteOffset: Int? = nil, hint: String? = nil) {
    self.code = code
    self.message = message
    self.byteOffset = byteOffset
    self.context = []
    self.hint = hint
  }

  public var description: String {
    let place = byteOffset.map { " (at byte \($0))" } ?? ""
    return (context + [message]).map(\.escapedForDisplay).joined(separator: ": ") + place
  }

  /// The same error seen from further out; one that names the place already names it once.
  public func inside(_ place: String) -> ModelError {
    guard context.first != place else { return self }
    var error = self
    error.context.insert(place, at: 0)
    return error
  }
}

/// Runs `body` and puts `context` in front of the context of any error that it throws.
public func within<Result: ~Copyable>(
  _ context: @autoclosure () -> String, _ body: () throws(ModelError) -> Result
) throws(ModelError) -> Result {
  do {
    return try body()
  } catch {
    throw error.inside(context())
  }
}

extension String {
  /// The string with control characters written as `\u{..}`, so that a hostile name can't move the cursor of a terminal.
  public var escapedForDisplay: String {
    // In most names each byte is a character that is safe.
    guard utf8.contains(where: { !(0x20..<0x7F).contains($0) }) else { return self }
    guard unicodeScalars.contains(where: \.isHiddenControl) else { return self }
    var shown = ""
    for scalar in unicodeScalars {
      if scalar.isHiddenControl {
        shown += "\\u{" + String(scalar.value, radix: 16) + "}"
      } else {
        shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }
}

extension Unicode.Scalar {
  /// C0, DEL, C1, line and paragraph separators, and the marks that reorder text.
  fileprivate var isHiddenControl: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
