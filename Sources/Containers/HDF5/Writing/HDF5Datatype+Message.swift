import HDF5Protocol
import TensorModel

extension HDF5Datatype {
  /// The datatype message (HDF5 file format, IV.A.2.d), of version 1, of those that are written: little-endian numbers,
  /// opaque elements, enumerations, compounds and strings.
  var message: [UInt8] {
    var writer = ByteWriter()
    writeMessage(to: &writer)
    return writer.bytes
  }

  private func writeMessage(to writer: inout ByteWriter) {
    switch self {
    case .integer(let number, let isSigned):
      head(0, isSigned ? 8 : 0, &writer)
      place(number, &writer)
    case .float(let number, let fields):
      // 0x20: the leading bit of the mantissa is implied.
      head(1, 0x20 | UInt32(fields.sign) << 8, &writer)
      place(number, &writer)
      for field in [fields.exponent, fields.exponentBits, fields.mantissa, fields.mantissaBits] {
        writer.byte(UInt8(field))
      }
      writer.integer(UInt32(fields.bias))
    case .string(let count?, _):
      // 0x11: padded with NULs, in UTF-8.
      head(3, 0x11, byteCount: count, &writer)
    case .string(nil, _):
      // Strings that a NUL ends, in UTF-8; their bytes are of the type behind this one.
      head(9, 0x101, &writer)
      HDF5Datatype.integer(.little(1), isSigned: false).writeMessage(to: &writer)
    case .opaque(_, let tag):
      head(5, UInt32(tag.padded.count), &writer)
      writer.append(tag.padded)
    case .enumeration(let base, let members):
      head(8, UInt32(members.count), &writer)
      base.writeMessage(to: &writer)
      for member in members { writer.append(member.name.terminated) }
      for member in members { writer.append(member.value) }
    case .compound(_, let members):
      head(6, UInt32(members.count), &writer)
      for member in members {
        writer.append(member.name.terminated)
        writer.integer(UInt32(member.offset))
        // The member is no array.
        writer.append([UInt8](repeating: 0, count: 28))
        member.type.writeMessage(to: &writer)
      }
    case .bitfield, .array, .variableLength, .reference, .other:
      preconditionFailure("a type that is read and not written")
    }
  }

  /// Class and version, 24 bits that depend on the class, and the bytes of an element.
  private func head(_ number: UInt8, _ bits: UInt32, byteCount: Int? = nil, _ writer: inout ByteWriter) {
    writer.integer(UInt32(0x10 | number) | bits << 8)
    writer.integer(UInt32(byteCount ?? self.byteCount))
  }

  private func place(_ number: HDF5Number, _ writer: inout ByteWriter) {
    writer.integer(UInt16(number.offset))
    writer.integer(UInt16(number.precision))
  }
}

extension HDF5Number {
  /// One that fills its bytes, the lowest first.
  static func little(_ byteCount: Int) -> HDF5Number {
    HDF5Number(byteCount: byteCount, order: .little, precision: 8 * byteCount, offset: 0)
  }
}

extension [UInt8] {
  /// With a NUL behind it, and more of them to a multiple of 8 bytes.
  var terminated: [UInt8] { (self + [0]).padded }
}
