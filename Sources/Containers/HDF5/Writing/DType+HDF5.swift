import HDF5Protocol
import TensorModel

extension DType {
  /// The datatype under which elements of the dtype are written; nil where HDF5 has none.
  /// - Parameter isOpaque: as libraries for machine learning write types that HDF5 lacks; what says which they are stands
  ///   elsewhere.
  func hdf5Type(isOpaque: Bool = false) -> HDF5Datatype? {
    guard !isOpaque, !hasMark else { return .opaque(byteCount: blockBytes, tag: []) }
    switch values {
    case .boolean: return Self.hdf5Boolean
    case .unsigned: return .integer(.little(blockBytes), isSigned: false)
    case .signed: return .integer(.little(blockBytes), isSigned: true)
    case .complex(let part):
      let number = HDF5Datatype.float(.little(blockBytes / 2), HDF5FloatFields(part))
      return .compound(
        byteCount: blockBytes,
        [("r", 0), ("i", blockBytes / 2)].map {
          HDF5CompoundMember(name: Array($0.0.utf8), offset: $0.1, type: number)
        })
    case .float(let layout):
      guard blockElements == 1 else { return nil }
      return .float(.little(blockBytes), HDF5FloatFields(layout))
    case .blocks, .opaque: return nil
    }
  }

  /// Whether elements are opaque for want of a datatype, and the dataset's attribute `dtype` is what names them.
  var hasMark: Bool { self == .f8e8m0 }

  /// As h5py writes booleans.
  private static let hdf5Boolean = HDF5Datatype.enumeration(
    .integer(.little(1), isSigned: true),
    [("FALSE", 0), ("TRUE", 1)].map { HDF5EnumerationMember(name: Array($0.0.utf8), value: [$0.1]) })
}

extension HDF5FloatFields {
  fileprivate init(_ layout: FloatLayout) {
    self.init(
      sign: layout.width - 1, exponent: layout.mantissaBits, exponentBits: layout.exponentBits, mantissa: 0,
      mantissaBits: layout.mantissaBits, bias: layout.bias, hasImpliedBit: true)
  }
}
