/// The fields of one block in file order, and the number that an element is made of them.
///
/// Split into fields, blocks are packed; by the widths of their words, their byte order is changed; by the formula, they
/// are dequantised. Bytes of numbers that are wider are little-endian.
public struct BlockLayout: Sendable {
  /// A run of equal words of a block.
  public struct Field: Sendable {
    /// The words of a field, as they are read.
    public enum Word: String, Sendable {
      case u8, i8, u16, i16, u32, f16, f32

      public var byteCount: Int {
        switch self {
        case .u8, .i8: 1
        case .u16, .i16, .f16: 2
        case .u32, .f32: 4
        }
      }
    }

    /// What a field tells of the elements.
    public enum Role: String, Sendable {
      /// What codes are multiplied by, of the whole block or of parts.
      case scale
      /// What is added or subtracted, of the whole block.
      case minimum
      /// Scales of parts of the block, and minima beside them, in a few bits each.
      case partScales = "scales of parts"
      /// A few bits of each element, or the index of a group of elements in a table.
      case codes
      /// Bits above those of the codes.
      case highBits = "high bits"
      case signs
      /// Of elements, kept for products with other blocks: what they dequantise to does not depend on them.
      case sums
    }

    public let name: String
    public let role: Role
    public let word: Word
    public let count: Int
    /// Bytes of the block before it.
    public fileprivate(set) var offset = 0

    public var byteCount: Int { count * word.byteCount }

    init(_ name: String, _ role: Role, _ word: Word, _ count: Int = 1) {
      self.name = name
      self.role = role
      self.word = word
      self.count = count
    }
  }

  /// Elements of a block.
  public let elements: Int
  public let fields: [Field]
  /// Element i of the block, in the words of the fields.
  public let formula: String
  /// Bytes of a block: its fields leave no gap.
  public let byteCount: Int

  init(_ elements: Int, _ fields: [Field], _ formula: String) {
    var fields = fields
    var offset = 0
    for index in fields.indices {
      fields[index].offset = offset
      offset += fields[index].byteCount
    }
    self.elements = elements
    self.fields = fields
    self.formula = formula
    byteCount = offset
  }
}
