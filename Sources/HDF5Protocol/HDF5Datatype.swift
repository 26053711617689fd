/// A datatype of HDF5 by its fields, as the file has it.
package indirect enum HDF5Datatype: Hashable, Sendable {
  case integer(HDF5Number, isSigned: Bool)
  case float(HDF5Number, HDF5FloatFields)
  case bitfield(HDF5Number)
  /// Of `byteCount` bytes each, or of any length where that is nil.
  case string(byteCount: Int?, HDF5Padding)
  case opaque(byteCount: Int, tag: [UInt8])
  case enumeration(HDF5Datatype, [HDF5EnumerationMember])
  case compound(byteCount: Int, [HDF5CompoundMember])
  case array([Int], HDF5Datatype)
  case variableLength(HDF5Datatype)
  case reference(byteCount: Int)
  /// A class that has no case here, by its number.
  case other(Int, byteCount: Int)

  /// Bytes of one element in the file.
  package var byteCount: Int {
    switch self {
    case .integer(let number, _), .float(let number, _), .bitfield(let number): number.byteCount
    case .string(let count, _): count ?? Self.heapReferenceBytes
    case .opaque(let count, _), .compound(let count, _), .reference(let count), .other(_, let count): count
    case .enumeration(let base, _): base.byteCount
    case .array(let shape, let element): shape.reduce(element.byteCount, &*)
    case .variableLength: Self.heapReferenceBytes
    }
  }

  /// A length and the place of what it counts.
  private static let heapReferenceBytes = 16
}

/// How a number fills its bytes.
package struct HDF5Number: Hashable, Sendable {
  package enum Order: UInt8, Sendable {
    case little, big
    /// That of VAX, or one that is mixed.
    case other
  }

  package var byteCount: Int
  package var order: Order
  /// The bits that count, and the lowest of them.
  package var precision: Int
  package var offset: Int

  package init(byteCount: Int, order: Order, precision: Int, offset: Int) {
    self.byteCount = byteCount
    self.order = order
    self.precision = precision
    self.offset = offset
  }
}

/// Where the parts of a floating-point number lie, in bits from the lowest.
package struct HDF5FloatFields: Hashable, Sendable {
  package var sign: Int
  package var exponent: Int
  package var exponentBits: Int
  package var mantissa: Int
  package var mantissaBits: Int
  package var bias: Int
  /// Whether the leading bit of the mantissa is implied.
  package var hasImpliedBit: Bool

  package init(
    sign: Int, exponent: Int, exponentBits: Int, mantissa: Int, mantissaBits: Int, bias: Int, hasImpliedBit: Bool
  ) {
    self.sign = sign
    self.exponent = exponent
    self.exponentBits = exponentBits
    self.mantissa = mantissa
    self.mantissaBits = mantissaBits
    self.bias = bias
    self.hasImpliedBit = hasImpliedBit
  }
}

/// What fills a string of fixed length behind its text.
package enum HDF5Padding: UInt8, Sendable {
  /// A NUL ends it, and anything may follow.
  case terminated
  case nuls, spaces
}

package struct HDF5EnumerationMember: Hashable, Sendable {
  package var name: [UInt8]
  /// Of the base type.
  package var value: [UInt8]

  package init(name: [UInt8], value: [UInt8]) {
    self.name = name
    self.value = value
  }
}

package struct HDF5CompoundMember: Hashable, Sendable {
  package var name: [UInt8]
  package var offset: Int
  package var type: HDF5Datatype

  package init(name: [UInt8], offset: Int, type: HDF5Datatype) {
    self.name = name
    self.offset = offset
    self.type = type
  }
}
