import Kernels
public import TensorModel

/// On which grid weights are put: the levels, what shares a scale, and the type of the scales.
public struct QuantizationSpec: Hashable, Sendable, CustomStringConvertible {
  public enum Method: Hashable, Sendable {
    /// Whole levels. Symmetric: from −(2^(bits−1) − 1) to 2^(bits−1) − 1, scale = max|w| / (2^(bits−1) − 1) (Krishnamoorthi,
    /// "Quantizing deep convolutional networks for efficient inference", 2018, restricted range). Else from −z to
    /// 2^bits − 1 − z, scale = (max − min) / (2^bits − 1), z = −min / scale to the nearest, where 0 lies between min and max
    /// (Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference", 2018).
    case integer(bits: Int, isSymmetric: Bool)
    /// −1, 0 and 1, scale = mean |w| (Ma et al., "The era of 1-bit LLMs: all large language models are in 1.58 bits", 2024).
    case ternary
    /// At most so many values for a tensor, found by k-means: see `PaletteSelection`.
    case palette(size: Int)
    /// NormalFloat4, scale = max|w| (Dettmers et al., "QLoRA", 2023).
    case normalFloat4
    /// E2M1 under a power of two, 2^(⌊log2 max|w|⌋ − 2) from 2^−127 to 2^127 ("OCP Microscaling Formats", version 1.0).
    case microscalingFloat4
    /// E4M3, scale = max|w| / 448 ("OCP 8-bit Floating Point", revision 1.0).
    case float8
  }

  /// The weights that share a scale.
  public enum Sharing: Hashable, Sendable {
    case tensor
    /// A row: what makes one output.
    case row
    /// So many consecutive weights of a row; the last of a row may be fewer.
    case group(Int)
    /// A block of the matrix; those at its edges may be smaller.
    case block(rows: Int, columns: Int)
  }

  public let method: Method
  public let sharing: Sharing
  /// What scales are rounded to before weights are divided by them.
  let scaleType: GridKind
  /// As it was written.
  public let description: String

  static let known = "int2 to int8, ternary, palette2 to palette256, nf4, mxfp4 and fp8"

  /// Parses `int4`, `int4:g128`, `int8:row`, `int8:tensor:asym`, `fp8:block128x128`, `ternary`, `palette16`, `nf4:g64:bf16`,
  /// `mxfp4`.
  /// - Throws: `usage` with what was expected.
  public init(_ text: String) throws(ModelError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let family = try Family(parts[0], in: text)
    var choice = Choice()
    for option in parts.dropFirst() { try choice.take(option, of: family, in: text) }
    method = family.method(isSymmetric: choice.isSymmetric ?? true)
    sharing = choice.sharing ?? family.sharing
    scaleType = choice.scaleType ?? .f32
    description = text
  }
}

/// What stands before the first colon.
private struct Family {
  enum Kind { case integer(Int), ternary, palette(Int), normalFloat4, microscalingFloat4, float8 }

  let name: String
  let kind: Kind

  init(_ name: String, in text: String) throws(ModelError) {
    self.name = name
    switch name {
    case "ternary": kind = .ternary
    case "nf4": kind = .normalFloat4
    case "mxfp4": kind = .microscalingFloat4
    case "fp8": kind = .float8
    case _ where name.hasPrefix("int"):
      guard let bits = wholeNumber(name.dropFirst(3), in: 2...8) else { throw Self.unknown(text) }
      kind = .integer(bits)
    case _ where name.hasPrefix("palette"):
      guard let size = wholeNumber(name.dropFirst(7), in: 2...256) else { throw Self.unknown(text) }
      kind = .palette(size)
    default: throw Self.unknown(text)
    }
  }

  private static func unknown(_ text: String) -> ModelError {
    ModelError(.usage, "'\(text)' is no way to quantise", hint: "\(QuantizationSpec.known) are")
  }

  func method(isSymmetric: Bool) -> QuantizationSpec.Method {
    switch kind {
    case .integer(let bits): .integer(bits: bits, isSymmetric: isSymmetric)
    case .ternary: .ternary
    case .palette(let size): .palette(size: size)
    case .normalFloat4: .normalFloat4
    case .microscalingFloat4: .microscalingFloat4
    case .float8: .float8
    }
  }

  /// What shares a scale where nothing is said.
  var sharing: QuantizationSpec.Sharing {
    switch kind {
    case .integer(let bits): bits == 8 ? .row : .group(128)
    case .ternary, .palette: .tensor
    case .normalFloat4: .group(64)
    case .microscalingFloat4: .group(32)
    case .float8: .row
    }
  }

  var takesSharing: Bool {
    switch kind {
    case .palette, .microscalingFloat4: false
    default: true
    }
  }

  var takesSymmetry: Bool { if case .integer = kind { true } else { false } }

  /// The options that may follow.
  var options: String {
    guard takesSharing else { return "no option" }
    return "tensor, row, g and a number, block and two numbers, \(takesSymmetry ? "sym, asym, " : "")f32, bf16 or f16"
  }
}

/// What stands behind the colons; each is said once.
private struct Choice {
  var sharing: QuantizationSpec.Sharing?
  var isSymmetric: Bool?
  var scaleType: GridKind?

  mutating func take(_ option: String, of family: Family, in text: String) throws(ModelError) {
    let isFresh: Bool
    if family.takesSharing, let sharing = try Self.sharing(option, in: text) {
      isFresh = self.sharing == nil
      self.sharing = sharing
    } else if family.takesSharing, let type = Self.scaleTypes[option] {
      isFresh = scaleType == nil
      scaleType = type
    } else if family.takesSymmetry, option == "sym" || option == "asym" {
      isFresh = isSymmetric == nil
      isSymmetric = option == "sym"
    } else {
      throw ModelError(.usage, "'\(text)' has the option '\(option)'; \(family.name) takes \(family.options)")
    }
    guard isFresh else { throw ModelError(.usage, "'\(text)' says one thing twice: '\(option)'") }
  }

  private static let scaleTypes: [String: GridKind] = ["f32": .f32, "bf16": .bf16, "f16": .f16]
  private static let groups = 8...65536
  private static let blocks = 8...65536

  /// Nil where the option says nothing of what shares a scale.
  private static func sharing(_ option: String, in text: String) throws(ModelError) -> QuantizationSpec.Sharing? {
    switch option {
    case "tensor": return .tensor
    case "row": return .row
    case _ where option.hasPrefix("block"):
      let sides = option.dropFirst(5).split(separator: "x", omittingEmptySubsequences: false)
      guard sides.count == 2, let rows = wholeNumber(sides[0], in: blocks),
        let columns = wholeNumber(sides[1], in: blocks)
      else {
        throw ModelError(
          .usage,
          "'\(text)' has the block '\(option)', expected rows x columns such as block128x128, each of "
            + "\(blocks.lowerBound) to \(blocks.upperBound)")
      }
      return .block(rows: rows, columns: columns)
    case _ where option.hasPrefix("g"):
      guard let size = wholeNumber(option.dropFirst(), in: groups) else {
        throw ModelError(
          .usage,
          "'\(text)' has the group '\(option)', expected g and its size, "
            + "\(groups.lowerBound) to \(groups.upperBound), such as g128")
      }
      return .group(size)
    default: return nil
    }
  }
}

/// A whole number in decimal digits, without a leading zero.
private func wholeNumber(_ text: Substring, in range: ClosedRange<Int>) -> Int? {
  guard text.utf8.count <= 7, text.utf8.first != UInt8(ascii: "0"),
    text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
    let number = Int(text), range.contains(number)
  else { return nil }
  return number
}
