import CHDF5
import HDF5Protocol

/// Describes dataspaces.
enum SpaceReader {
  static func describe(_ space: hid_t) throws(HDF5Failure) -> HDF5Space {
    switch H5Sget_simple_extent_type(space) {
    case H5S_NULL: return .null
    case H5S_SCALAR: return .simple([])
    case H5S_SIMPLE: return .simple(try shape(space))
    default: throw HDF5Failure(.malformed, "a dataspace of no known kind")
    }
  }

  private static func shape(_ space: hid_t) throws(HDF5Failure) -> [Int] {
    let rank = Int(try demand(H5Sget_simple_extent_ndims(space), "a dataspace"))
    guard rank <= HDF5Limits.rank else { throw HDF5Failure(.malformed, "a dataspace of \(rank) dimensions") }
    var shape = [hsize_t](repeating: 0, count: max(1, rank))
    let status = unsafe shape.withUnsafeMutableBufferPointer {
      unsafe H5Sget_simple_extent_dims(space, $0.baseAddress, nil)
    }
    try demand(status, "a dataspace")
    return try shape.prefix(rank).map { (count) throws(HDF5Failure) in
      guard let count = Int(exactly: count) else { throw HDF5Failure(.malformed, "a dimension of \(count)") }
      return count
    }
  }
}

extension HDF5Space {
  /// The number of elements; nil where it leaves 63 bits.
  var elementCount: Int? {
    guard case .simple(let shape) = self else { return 0 }
    if shape.contains(0) { return 0 }
    var product = 1
    for count in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: count)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }
}
