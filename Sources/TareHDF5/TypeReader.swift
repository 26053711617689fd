import CHDF5
import HDF5Protocol

/// Describes datatypes by their fields.
enum TypeReader {
  static func describe(_ type: hid_t, depth: Int = HDF5Limits.typeDepth) throws(HDF5Failure) -> HDF5Datatype {
    guard depth > 0 else { throw HDF5Failure(.unsupported, "types in each other \(HDF5Limits.typeDepth) deep") }
    let size = H5Tget_size(type)
    guard size > 0, size <= 1 << 32 else { throw HDF5Failure(.malformed, "a type of \(size) bytes") }
    let count = Int(size)
    switch H5Tget_class(type) {
    case H5T_INTEGER: return .integer(number(type, count), isSigned: H5Tget_sign(type) == H5T_SGN_2)
    case H5T_FLOAT: return .float(number(type, count), try floatFields(type))
    case H5T_BITFIELD: return .bitfield(number(type, count))
    case H5T_STRING: return try string(type, count)
    case H5T_OPAQUE: return .opaque(byteCount: count, tag: tag(type))
    case H5T_REFERENCE: return .reference(byteCount: count)
    case H5T_ENUM: return try enumeration(type, depth)
    case H5T_COMPOUND: return try compound(type, count, depth)
    case H5T_ARRAY: return try array(type, depth)
    case H5T_VLEN:
      let base = try base(type)
      return .variableLength(try describe(base.value, depth: depth - 1))
    case H5T_NO_CLASS: throw HDF5Failure(.malformed, "a type without a class")
    case let other: return .other(Int(other.rawValue), byteCount: count)
    }
  }

  private static func number(_ type: hid_t, _ count: Int) -> HDF5Number {
    let order: HDF5Number.Order =
      switch H5Tget_order(type) {
      case H5T_ORDER_LE: .little
      case H5T_ORDER_BE: .big
      // Of one byte there is no order.
      case H5T_ORDER_NONE: .little
      default: .other
      }
    return HDF5Number(
      byteCount: count, order: order, precision: Int(clamping: H5Tget_precision(type)),
      offset: max(0, Int(H5Tget_offset(type))))
  }

  private static func floatFields(_ type: hid_t) throws(HDF5Failure) -> HDF5FloatFields {
    var fields = [Int](repeating: 0, count: 5)
    let status = unsafe fields.withUnsafeMutableBufferPointer { fields in
      let start = fields.baseAddress!
      return unsafe H5Tget_fields(type, start, start + 1, start + 2, start + 3, start + 4)
    }
    try demand(status, "the fields of a float type")
    guard fields.allSatisfy({ $0 >= 0 }) else { throw HDF5Failure(.malformed, "the fields of a float type") }
    return HDF5FloatFields(
      sign: fields[0], exponent: fields[1], exponentBits: fields[2], mantissa: fields[3], mantissaBits: fields[4],
      bias: Int(clamping: H5Tget_ebias(type)), hasImpliedBit: H5Tget_norm(type) == H5T_NORM_IMPLIED)
  }

  private static func string(_ type: hid_t, _ count: Int) throws(HDF5Failure) -> HDF5Datatype {
    if try demand(H5Tis_variable_str(type), "a string type") > 0 { return .string(byteCount: nil, .terminated) }
    return switch H5Tget_strpad(type) {
    case H5T_STR_NULLPAD: .string(byteCount: count, .nuls)
    case H5T_STR_SPACEPAD: .string(byteCount: count, .spaces)
    default: .string(byteCount: count, .terminated)
    }
  }

  private static func tag(_ type: hid_t) -> [UInt8] {
    guard let text = unsafe H5Tget_tag(type) else { return [] }
    defer { unsafe H5free_memory(text) }
    return unsafe bytes(of: text)
  }

  private static func base(_ type: hid_t) throws(HDF5Failure) -> Identifier {
    try Identifier(H5Tget_super(type), "a base type") { H5Tclose($0) }
  }

  private static func enumeration(_ type: hid_t, _ depth: Int) throws(HDF5Failure) -> HDF5Datatype {
    let base = try base(type)
    let element = try describe(base.value, depth: depth - 1)
    var members: [HDF5EnumerationMember] = []
    for index in 0..<(try memberCount(type)) {
      var value = [UInt8](repeating: 0, count: element.byteCount)
      let status = unsafe value.withUnsafeMutableBytes { unsafe H5Tget_member_value(type, index, $0.baseAddress) }
      try demand(status, "a member of an enumeration")
      members.append(HDF5EnumerationMember(name: try memberName(type, index), value: value))
    }
    return .enumeration(element, members)
  }

  private static func compound(_ type: hid_t, _ count: Int, _ depth: Int) throws(HDF5Failure) -> HDF5Datatype {
    var members: [HDF5CompoundMember] = []
    for index in 0..<(try memberCount(type)) {
      let member = try Identifier(H5Tget_member_type(type, index), "a member of a compound") { H5Tclose($0) }
      members.append(
        HDF5CompoundMember(
          name: try memberName(type, index), offset: Int(clamping: H5Tget_member_offset(type, index)),
          type: try describe(member.value, depth: depth - 1)))
    }
    return .compound(byteCount: count, members)
  }

  private static func memberCount(_ type: hid_t) throws(HDF5Failure) -> UInt32 {
    let count = try demand(H5Tget_nmembers(type), "the members of a type")
    guard count <= HDF5Limits.members else { throw HDF5Failure(.unsupported, "a type of \(count) members") }
    return UInt32(count)
  }

  private static func memberName(_ type: hid_t, _ index: UInt32) throws(HDF5Failure) -> [UInt8] {
    guard let text = unsafe H5Tget_member_name(type, index) else {
      throw HDF5Failure(.malformed, "a member's name")
    }
    defer { unsafe H5free_memory(text) }
    return unsafe bytes(of: text)
  }

  private static func array(_ type: hid_t, _ depth: Int) throws(HDF5Failure) -> HDF5Datatype {
    let rank = Int(try demand(H5Tget_array_ndims(type), "an array type"))
    guard rank <= HDF5Limits.rank else { throw HDF5Failure(.malformed, "an array type of \(rank) dimensions") }
    var shape = [hsize_t](repeating: 0, count: max(1, rank))
    let status = unsafe shape.withUnsafeMutableBufferPointer { unsafe H5Tget_array_dims2(type, $0.baseAddress) }
    try demand(status, "an array type")
    let base = try base(type)
    return .array(shape.prefix(rank).map { Int(clamping: $0) }, try describe(base.value, depth: depth - 1))
  }
}
