public import TensorModel

/// What the encodings need to know of a dtype: the word of an element and how a float's bits are cut.
public struct ElementType: Hashable, Sendable {
  /// Bytes of an element: 1, 2, 4 or 8. Sub-byte and unknown types are handled as bytes.
  public let width: Int
  /// Bits of the exponent, below the sign; 0 where the element is not a float with sign, exponent and mantissa.
  public let exponentBits: Int
  /// Whether a word of which only the top bit is set is a zero too.
  public let hasNegativeZero: Bool

  public static let byte = ElementType(width: 1, exponentBits: 0, hasNegativeZero: false)

  public init(width: Int, exponentBits: Int, hasNegativeZero: Bool) {
    self.width = width
    self.exponentBits = exponentBits
    self.hasNegativeZero = hasNegativeZero
  }

  public init(_ dtype: DType) {
    switch dtype.values {
    case .float(let layout) where dtype.blockElements == 1 && layout.specials != .scale:
      self.init(
        width: dtype.blockBytes, exponentBits: layout.exponentBits, hasNegativeZero: layout.hasNegativeZero)
    case .complex(let layout):
      self.init(width: dtype.blockBytes / 2, exponentBits: layout.exponentBits, hasNegativeZero: true)
    case .boolean, .signed, .unsigned:
      self.init(width: dtype.blockBytes, exponentBits: 0, hasNegativeZero: false)
    case .float, .blocks, .opaque:
      self = .byte
    }
  }

  public var isFloat: Bool { exponentBits > 0 }
}

/// Elements in memory, aligned for their width.
@unsafe public struct Elements {
  public let start: UnsafeRawPointer
  public let count: Int
  public let type: ElementType

  public init(start: UnsafeRawPointer, count: Int, type: ElementType) {
    unsafe self.start = start
    unsafe self.count = count
    unsafe self.type = type
  }

  public var byteCount: Int { unsafe count * type.width }
  public var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: start, count: byteCount) }
}
