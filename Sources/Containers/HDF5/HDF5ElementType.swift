import HDF5Protocol
import TensorModel

/// What an element of a dataset is to a model: a dtype, and the dimensions that its type adds to those of the dataset.
struct HDF5ElementType: Hashable {
  let dtype: DType
  let shape: [Int]
  /// Whether the file has the bytes of a number the other way round.
  let isBigEndian: Bool

  /// - Parameter marks: what names the type of opaque elements.
  /// - Returns: nil where the elements are no numbers that a dtype holds.
  init?(_ type: HDF5Datatype, marks: HDF5TypeMarks) {
    switch type {
    case .array(let shape, let element):
      guard let element = HDF5ElementType(element, marks: marks) else { return nil }
      self.init(element.dtype, shape + element.shape, element.isBigEndian)
    case .integer(let number, let isSigned):
      guard number.isWhole, let dtype = Self.integer(number.byteCount, isSigned: isSigned) else { return nil }
      self.init(dtype, [], number.order == .big)
    case .bitfield(let number):
      guard number.isWhole, let dtype = Self.integer(number.byteCount, isSigned: false) else { return nil }
      self.init(dtype, [], number.order == .big)
    case .float(let number, let fields):
      guard let dtype = Self.float(number, fields) else { return nil }
      self.init(dtype, [], number.order == .big)
    case .enumeration(let base, let members):
      guard let element = HDF5ElementType(base, marks: marks) else { return nil }
      self.init(Self.isBoolean(element, members) ? .bool : element.dtype, element.shape, element.isBigEndian)
    case .compound(let byteCount, let members):
      guard let element = Self.complex(byteCount, members, marks) else { return nil }
      self.init(.c64, [], element.isBigEndian)
    case .opaque(let byteCount, let tag):
      guard tag.isEmpty, let dtype = marks.dtype, dtype.blockBytes == byteCount else { return nil }
      self.init(dtype, [], false)
    case .string, .variableLength, .reference, .other: return nil
    }
  }

  private init(_ dtype: DType, _ shape: [Int], _ isBigEndian: Bool) {
    self.dtype = dtype
    self.shape = shape
    self.isBigEndian = isBigEndian
  }

  private static func integer(_ byteCount: Int, isSigned: Bool) -> DType? {
    switch byteCount {
    case 1: isSigned ? .i8 : .u8
    case 2: isSigned ? .i16 : .u16
    case 4: isSigned ? .i32 : .u32
    case 8: isSigned ? .i64 : .u64
    default: nil
    }
  }

  /// By the places of all fields.
  private static func float(_ number: HDF5Number, _ fields: HDF5FloatFields) -> DType? {
    guard number.isWhole, fields.hasImpliedBit, fields.mantissa == 0, fields.exponent == fields.mantissaBits,
      fields.sign == fields.exponent + fields.exponentBits, fields.sign == 8 * number.byteCount - 1
    else { return nil }
    return floats[[number.byteCount, fields.exponentBits, fields.bias]]
  }

  /// By their bytes, the bits of their exponents, and their bias.
  private static let floats: [[Int]: DType] = [
    [2, 5, 15]: .f16, [4, 8, 127]: .f32, [8, 11, 1023]: .f64, [2, 8, 127]: .bf16, [1, 4, 7]: .f8e4m3,
    [1, 5, 15]: .f8e5m2, [1, 4, 8]: .f8e4m3fnuz, [1, 5, 16]: .f8e5m2fnuz,
  ]

  /// As h5py writes booleans.
  private static func isBoolean(_ element: HDF5ElementType, _ members: [HDF5EnumerationMember]) -> Bool {
    let names = Set(members.map { [$0.name, $0.value] })
    return element.dtype.blockBytes == 1 && element.shape.isEmpty
      && names == [[Array("FALSE".utf8), [0]], [Array("TRUE".utf8), [1]]]
  }

  /// As h5py writes complex numbers: `r` and `i`, two F32 with nothing between them.
  private static func complex(
    _ byteCount: Int, _ members: [HDF5CompoundMember], _ marks: HDF5TypeMarks
  ) -> HDF5ElementType? {
    guard members.map(\.name) == [Array("r".utf8), Array("i".utf8)], members.map(\.offset) == [0, byteCount / 2],
      members[0].type == members[1].type, let part = HDF5ElementType(members[0].type, marks: marks),
      part.dtype == .f32, part.shape.isEmpty, byteCount == 8
    else { return nil }
    return part
  }
}

extension HDF5Number {
  /// Whether every bit counts, in an order that is one of two.
  fileprivate var isWhole: Bool { order != .other && offset == 0 && precision == 8 * byteCount }
}

/// What says which type opaque elements have: libraries for machine learning write theirs so.
struct HDF5TypeMarks {
  /// The dtype that the dataset's attribute `dtype` names, as Keras 3 writes it; else, of two bytes, what the model's own
  /// configuration is about, as in legacy files of Keras.
  let dtype: DType?

  static let none = HDF5TypeMarks(dtype: nil)

  private init(dtype: DType?) { self.dtype = dtype }

  /// - Parameter isBrainFloat: whether the model's configuration names bfloat16.
  init(_ attributes: [HDF5Attribute], isBrainFloat: Bool) {
    let mark = attributes.first { $0.name == Array(Self.attribute.utf8) }.flatMap { $0.texts?.first }
    dtype = mark.map { Self.dtype(named: $0) } ?? (isBrainFloat ? .bf16 : nil)
  }

  /// The attribute of a dataset that names the type.
  static let attribute = "dtype"

  /// The type that NumPy and its extensions call so, of those that HDF5 lacks.
  static func dtype(named name: [UInt8]) -> DType? { names.first { name.elementsEqual($0.name.utf8) }?.dtype }

  static func name(of dtype: DType) -> String? { names.first { $0.dtype == dtype }?.name }

  private static let names: [(name: String, dtype: DType)] = [
    ("bfloat16", .bf16), ("float8_e4m3fn", .f8e4m3), ("float8_e5m2", .f8e5m2), ("float8_e4m3fnuz", .f8e4m3fnuz),
    ("float8_e5m2fnuz", .f8e5m2fnuz), ("float8_e8m0fnu", .f8e8m0),
  ]

  /// Whether the text of a model's configuration is about bfloat16.
  static func namesBrainFloat(_ configuration: some Collection<UInt8>) -> Bool {
    String(decoding: configuration, as: UTF8.self).contains("\"bfloat16\"")
  }

  /// The root's attribute in which legacy files of Keras keep the configuration.
  static let configuration = "model_config"
}

extension HDF5Datatype {
  /// What it is called where it can't be read.
  var kindText: String {
    switch self {
    case .integer(let number, _): "integers of \(number.precision) bits in \(number.byteCount) bytes"
    case .float(let number, let fields):
      "floats of \(number.precision) bits with \(fields.exponentBits) of exponent and a bias of \(fields.bias)"
    case .bitfield(let number): "bit fields of \(number.byteCount) bytes"
    case .string: "strings"
    case .opaque(let byteCount, let tag):
      "opaque elements of \(byteCount) byte\(byteCount == 1 ? "" : "s")"
        + (tag.isEmpty ? "" : " with the tag '\(tag.text)'")
    case .enumeration(let base, _): base.kindText
    case .compound(let byteCount, let members):
      members.map(\.name) == [Array("r".utf8), Array("i".utf8)]
        ? "complex numbers of \(byteCount) bytes" : "compounds of \(members.count) members"
    case .array(_, let element): "arrays of " + element.kindText
    case .variableLength: "sequences of any length"
    case .reference: "references"
    case .other(let number, _): "elements of class \(number)"
    }
  }
}

extension [UInt8] {
  /// As UTF-8, what is none of it replaced: for messages.
  var text: String { String(decoding: self, as: UTF8.self) }
}
