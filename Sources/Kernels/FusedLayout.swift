/// How the `fused` encoding cuts a float: rank and leading mantissa in a symbol, whole low bytes, a few bits between.
public struct FusedLayout: Hashable, Sendable {
  /// Bytes of an element.
  public let width: Int
  public let exponentBits: Int
  /// Bits of the symbol that hold the exponent's rank; the largest rank is the escape.
  public let rankBits: Int

  /// - Precondition: width 1, 2, 4 or 8; 2 to 11 exponent bits and a sign fit it; 1 to 5 rank bits, at most
  ///   `exponentBits`.
  public init(width: Int, exponentBits: Int, rankBits: Int) {
    precondition(Self.isLegal(width: width, exponentBits: exponentBits, rankBits: rankBits))
    self.width = width
    self.exponentBits = exponentBits
    self.rankBits = rankBits
  }

  public static func isLegal(width: Int, exponentBits: Int, rankBits: Int) -> Bool {
    [1, 2, 4, 8].contains(width) && (2...11).contains(exponentBits) && exponentBits < 8 * width
      && rankBits >= 1 && rankBits <= min(5, exponentBits)
  }

  public var mantissaBits: Int { 8 * width - 1 - exponentBits }
  /// Leading mantissa bits inside the symbol.
  public var topBits: Int { min(8 - rankBits, mantissaBits) }
  /// Mantissa bits below the symbol.
  public var lowBits: Int { mantissaBits - topBits }
  /// Bits outside the symbol: the low mantissa bits and the sign above them.
  public var restBits: Int { lowBits + 1 }
  public var planeCount: Int { restBits / 8 }
  /// The rank of exponents that are not listed.
  public var escape: Int { 1 << rankBits - 1 }
  /// The symbols of escaped elements are this and above.
  public var firstEscapeSymbol: UInt8 { UInt8(escape << topBits) }

  /// The fields above the planes, from below: their bits, and where in the remaining byte they begin.
  public var fields: [(bits: Int, shift: Int)] {
    var fields: [(bits: Int, shift: Int)] = []
    var shift = 0
    for bits in [4, 2, 1] where restBits % 8 & bits != 0 {
      fields.append((bits, shift))
      shift += bits
    }
    return fields
  }
}
