/// The type of a tensor's elements: its name, the size of its smallest whole unit, and what the bits mean.
///
/// `byteCount = elements / blockElements * blockBytes` holds for plain, sub-byte and block types alike.
public struct DType: Hashable, Sendable {
  /// What one element is.
  public enum Values: Hashable, Sendable {
    case boolean
    case unsigned
    case signed
    case float(FloatLayout)
    /// Two floats: real, imaginary.
    case complex(FloatLayout)
    /// Numbers that share scales: they are read as the f32 that a block dequantises to.
    case blocks(BlockType)
    /// Bytes whose meaning this build does not know.
    case opaque
  }

  public let name: String
  /// Elements in the smallest unit that fills whole bytes.
  public let blockElements: Int
  /// Bytes of that unit.
  public let blockBytes: Int
  public let values: Values

  public init(name: String, blockElements: Int, blockBytes: Int, values: Values) {
    precondition(blockElements > 0 && blockBytes > 0)
    self.name = name
    self.blockElements = blockElements
    self.blockBytes = blockBytes
    self.values = values
  }

  /// Bits of one element; of a block type rounded down, since scales are shared.
  public var elementBits: Int { blockBytes * 8 / blockElements }

  /// The dtype of that name, if this build knows it: a plain one or a block type.
  public static func named(_ name: String) -> DType? { byName[name] }

  private static let byName = Dictionary(uniqueKeysWithValues: (all + blockTypes).map { ($0.name, $0) })

  /// Nil of a plain type.
  public var blockType: BlockType? {
    if case .blocks(let type) = values { type } else { nil }
  }

  /// What an element is as a number: F32 of a block type, of others the type itself.
  public var numbers: DType { blockType == nil ? self : .f32 }
}

extension DType {
  public static let bool = plain("BOOL", 1, .boolean)
  public static let f4 = DType(name: "F4", blockElements: 2, blockBytes: 1, values: .float(.e2m1))
  public static let f6e2m3 = DType(name: "F6_E2M3", blockElements: 4, blockBytes: 3, values: .float(.e2m3))
  public static let f6e3m2 = DType(name: "F6_E3M2", blockElements: 4, blockBytes: 3, values: .float(.e3m2))
  public static let u8 = plain("U8", 1, .unsigned)
  public static let i8 = plain("I8", 1, .signed)
  public static let f8e5m2 = plain("F8_E5M2", 1, .float(.e5m2))
  public static let f8e4m3 = plain("F8_E4M3", 1, .float(.e4m3))
  public static let f8e8m0 = plain("F8_E8M0", 1, .float(.e8m0))
  public static let f8e4m3fnuz = plain("F8_E4M3FNUZ", 1, .float(.e4m3fnuz))
  public static let f8e5m2fnuz = plain("F8_E5M2FNUZ", 1, .float(.e5m2fnuz))
  public static let i16 = plain("I16", 2, .signed)
  public static let u16 = plain("U16", 2, .unsigned)
  public static let f16 = plain("F16", 2, .float(.f16))
  public static let bf16 = plain("BF16", 2, .float(.bf16))
  public static let i32 = plain("I32", 4, .signed)
  public static let u32 = plain("U32", 4, .unsigned)
  public static let f32 = plain("F32", 4, .float(.f32))
  public static let c64 = plain("C64", 8, .complex(.f32))
  public static let f64 = plain("F64", 8, .float(.f64))
  public static let i64 = plain("I64", 8, .signed)
  public static let u64 = plain("U64", 8, .unsigned)

  /// Every plain dtype that this build knows, narrow before wide: the order in which safetensors sorts them.
  public static let all: [DType] = [
    bool, f4, f6e2m3, f6e3m2, u8, i8, f8e5m2, f8e4m3, f8e8m0, f8e4m3fnuz, f8e5m2fnuz,
    i16, u16, f16, bf16, i32, u32, f32, c64, f64, i64, u64,
  ]

  private static func plain(_ name: String, _ bytes: Int, _ values: Values) -> DType {
    DType(name: name, blockElements: 1, blockBytes: bytes, values: values)
  }
}
