/// A key of a container's metadata and its value.
public struct MetadataEntry: Hashable, Sendable {
  public var key: String
  public var value: MetadataValue

  public init(key: String, value: MetadataValue) {
    self.key = key
    self.value = value
  }

  public init(key: String, value: String) { self.init(key: key, value: MetadataValue(value)) }

  public static func == (left: MetadataEntry, right: MetadataEntry) -> Bool {
    left.key.utf8.elementsEqual(right.key.utf8) && left.value == right.value
  }
}

/// A value of metadata with its type (`formats/metadata.md`); two are equal if their types and all their bits are.
public enum MetadataValue: Hashable, Sendable {
  case number(MetadataNumber)
  /// Bytes, as a rule UTF-8.
  case string([UInt8])
  case array(MetadataArray)

  public init(_ text: String) { self = .string(Array(text.utf8)) }

  /// The string, where the value is one in UTF-8.
  public var string: String? {
    guard case .string(let bytes) = self else { return nil }
    return String(exactly: bytes)
  }

  /// The type's name: `u32`, `string`, `f32[]`.
  public var typeName: String {
    switch self {
    case .number(let number): number.type.rawValue
    case .string: "string"
    case .array(let array): array.elements.typeName + "[]"
    }
  }
}

/// An integer, a floating-point number or a boolean, as its bits.
public struct MetadataNumber: Hashable, Sendable {
  public enum NumberType: String, CaseIterable, Sendable {
    case u8, u16, u32, u64, i8, i16, i32, i64, f16, f32, f64, bool

    public var byteCount: Int {
      switch self {
      case .u8, .i8, .bool: 1
      case .u16, .i16, .f16: 2
      case .u32, .i32, .f32: 4
      case .u64, .i64, .f64: 8
      }
    }
  }

  public let type: NumberType
  /// The bits of the value in the low `type.byteCount` bytes; the others are 0.
  public let bits: UInt64

  /// Nil where `bits` has more than the type holds, or is no boolean.
  public init?(_ type: NumberType, bits: UInt64) {
    guard bits <= UInt64.max >> UInt64(64 - 8 * type.byteCount), type != .bool || bits <= 1 else { return nil }
    self.type = type
    self.bits = bits
  }

  private init(proved type: NumberType, _ bits: UInt64) {
    self.type = type
    self.bits = bits
  }

  public init(_ value: UInt8) { self.init(proved: .u8, UInt64(value)) }
  public init(_ value: UInt16) { self.init(proved: .u16, UInt64(value)) }
  public init(_ value: UInt32) { self.init(proved: .u32, UInt64(value)) }
  public init(_ value: UInt64) { self.init(proved: .u64, value) }
  public init(_ value: Int8) { self.init(proved: .i8, UInt64(UInt8(bitPattern: value))) }
  public init(_ value: Int16) { self.init(proved: .i16, UInt64(UInt16(bitPattern: value))) }
  public init(_ value: Int32) { self.init(proved: .i32, UInt64(UInt32(bitPattern: value))) }
  public init(_ value: Int64) { self.init(proved: .i64, UInt64(bitPattern: value)) }
  public init(_ value: Float16) { self.init(proved: .f16, UInt64(value.bitPattern)) }
  public init(_ value: Float) { self.init(proved: .f32, UInt64(value.bitPattern)) }
  public init(_ value: Double) { self.init(proved: .f64, value.bitPattern) }
  public init(_ value: Bool) { self.init(proved: .bool, value ? 1 : 0) }
}

extension String {
  /// The text that `bytes` are in UTF-8; nil where they are not.
  package init?(exactly bytes: some Collection<UInt8>) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    self = text
  }
}
