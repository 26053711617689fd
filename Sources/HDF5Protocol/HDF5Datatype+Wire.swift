package import TensorModel

extension HDF5Datatype {
  package func write(to writer: inout ByteWriter) {
    switch self {
    case .integer(let number, let isSigned):
      writer.byte(isSigned ? 1 : 0)
      writer.number(number)
    case .float(let number, let fields):
      writer.byte(2)
      writer.number(number)
      for value in [
        fields.sign, fields.exponent, fields.exponentBits, fields.mantissa, fields.mantissaBits, fields.bias,
      ] {
        writer.varint(value)
      }
      writer.byte(fields.hasImpliedBit ? 1 : 0)
    case .bitfield(let number):
      writer.byte(3)
      writer.number(number)
    case .string(let count?, let padding):
      writer.byte(4)
      writer.varint(count)
      writer.byte(padding.rawValue)
    case .string(nil, _): writer.byte(5)
    case .opaque(let count, let tag):
      writer.byte(6)
      writer.varint(count)
      writer.text(tag)
    case .enumeration(let base, let members):
      writer.byte(7)
      base.write(to: &writer)
      writer.varint(members.count)
      for member in members {
        writer.text(member.name)
        writer.text(member.value)
      }
    case .compound(let count, let members):
      writer.byte(8)
      writer.varint(count)
      writer.varint(members.count)
      for member in members {
        writer.text(member.name)
        writer.varint(member.offset)
        member.type.write(to: &writer)
      }
    case .array(let shape, let element):
      writer.byte(9)
      writer.list(shape)
      element.write(to: &writer)
    case .variableLength(let element):
      writer.byte(10)
      element.write(to: &writer)
    case .reference(let count):
      writer.byte(11)
      writer.varint(count)
    case .other(let number, let count):
      writer.byte(12)
      writer.varint(number)
      writer.varint(count)
    }
  }

  /// - Throws: `malformed` where the bytes are no type, or one that is larger than an element may be.
  package init(_ cursor: inout ByteCursor, depth: Int = HDF5Limits.typeDepth) throws(ModelError) {
    guard depth > 0 else { throw ModelError(.malformed, "types in each other", at: cursor.offset) }
    let start = cursor.offset
    let kind = try cursor.byte("a type")
    switch kind {
    case 0, 1: self = .integer(try cursor.number(), isSigned: kind == 1)
    case 2: self = .float(try cursor.number(), try HDF5FloatFields(&cursor))
    case 3: self = .bitfield(try cursor.number())
    case 4:
      let count = try cursor.varint("a string's length")
      guard let padding = HDF5Padding(rawValue: try cursor.byte("its padding")) else {
        throw ModelError(.malformed, "a string's padding", at: start)
      }
      self = .string(byteCount: count, padding)
    case 5: self = .string(byteCount: nil, .terminated)
    case 6: self = .opaque(byteCount: try cursor.varint("a size"), tag: try cursor.text("a tag"))
    case 7:
      let base = try HDF5Datatype(&cursor, depth: depth - 1)
      var members: [HDF5EnumerationMember] = []
      for _ in 0..<(try cursor.count("members", unit: 2)) {
        members.append(HDF5EnumerationMember(name: try cursor.text("a name"), value: try cursor.text("a value")))
      }
      self = .enumeration(base, members)
    case 8:
      let count = try cursor.varint("a size")
      var members: [HDF5CompoundMember] = []
      for _ in 0..<(try cursor.count("members", unit: 3)) {
        members.append(
          HDF5CompoundMember(
            name: try cursor.text("a name"), offset: try cursor.varint("an offset"),
            type: try HDF5Datatype(&cursor, depth: depth - 1)))
      }
      self = .compound(byteCount: count, members)
    case 9: self = .array(try cursor.list("a shape"), try HDF5Datatype(&cursor, depth: depth - 1))
    case 10: self = .variableLength(try HDF5Datatype(&cursor, depth: depth - 1))
    case 11: self = .reference(byteCount: try cursor.varint("a size"))
    case 12: self = .other(try cursor.varint("a class"), byteCount: try cursor.varint("a size"))
    default: throw ModelError(.malformed, "type \(kind)", at: start)
    }
    try demandSize(at: start)
  }

  /// An element may have up to 2^32 bytes, its arrays multiplied out; so nobody overflows who asks for `byteCount`.
  private func demandSize(at start: Int) throws(ModelError) {
    var factors = [byteCount]
    if case .array(let shape, let element) = self { factors = shape + [element.byteCount] }
    var product = 1
    for factor in factors {
      guard factor > 0, factor <= 1 << 32, product <= (1 << 32) / factor else {
        throw ModelError(.malformed, "a type of another size than 1 to 2^32 bytes", at: start)
      }
      product *= factor
    }
  }
}

extension HDF5FloatFields {
  fileprivate init(_ cursor: inout ByteCursor) throws(ModelError) {
    self.init(
      sign: try cursor.varint("a sign"), exponent: try cursor.varint("an exponent"),
      exponentBits: try cursor.varint("its bits"), mantissa: try cursor.varint("a mantissa"),
      mantissaBits: try cursor.varint("its bits"), bias: try cursor.varint("a bias"),
      hasImpliedBit: try cursor.byte("a flag") == 1)
  }
}

extension ByteWriter {
  mutating func number(_ number: HDF5Number) {
    varint(number.byteCount)
    byte(number.order.rawValue)
    varint(number.precision)
    varint(number.offset)
  }

  /// Bytes behind their count.
  package mutating func text(_ bytes: [UInt8]) {
    varint(bytes.count)
    append(bytes)
  }

  /// Numbers behind their count.
  package mutating func list(_ values: [Int]) {
    varint(values.count)
    for value in values { varint(value) }
  }
}

extension ByteCursor {
  mutating func number() throws(ModelError) -> HDF5Number {
    let start = offset
    let count = try varint("a size")
    guard let order = HDF5Number.Order(rawValue: try byte("a byte order")) else {
      throw ModelError(.malformed, "a byte order", at: start)
    }
    return HDF5Number(byteCount: count, order: order, precision: try varint("bits"), offset: try varint("an offset"))
  }

  /// Bytes behind their count.
  package mutating func text(_ what: String) throws(ModelError) -> [UInt8] {
    let count = try count(what)
    let bytes = try take(count, what)
    return unsafe bytes.withUnsafeBytes { unsafe Array($0) }
  }

  /// At most `HDF5Limits.rank` numbers behind their count.
  package mutating func list(_ what: String, atMost limit: Int = HDF5Limits.rank) throws(ModelError) -> [Int] {
    let start = offset
    let count = try count(what)
    guard count <= limit else { throw ModelError(.malformed, "\(what): \(count) numbers", at: start) }
    var values: [Int] = []
    for _ in 0..<count { values.append(try varint(what)) }
    return values
  }
}
