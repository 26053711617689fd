import CHDF5
import HDF5Protocol

/// Has the library decode what only it can, in the file's own type, so that nothing is converted.
struct ChunkDecoder {
  private let file: hid_t

  init(file: hid_t) { self.file = file }

  /// The elements that a request names, row-major.
  func decode(_ request: HDF5ChunkRequest) throws(HDF5Failure) -> [UInt8] {
    let dataset = try Identifier(
      unsafe request.path.withCString { unsafe H5Dopen2(file, $0, tare_native_default()) }, "the dataset"
    ) { H5Dclose($0) }
    return try read(dataset.value, request)
  }

  private func read(_ dataset: hid_t, _ request: HDF5ChunkRequest) throws(HDF5Failure) -> [UInt8] {
    let type = try Identifier(H5Dget_type(dataset), "the type") { H5Tclose($0) }
    let space = try Identifier(H5Dget_space(dataset), "the dataspace") { H5Sclose($0) }
    let count = try byteCount(request, elementBytes: H5Tget_size(type.value))
    let start = request.start.map { hsize_t($0) }
    let shape = request.count.map { hsize_t($0) }
    let rank = Int(try demand(H5Sget_simple_extent_ndims(space.value), "the dataspace"))
    guard rank == start.count, rank == shape.count, rank > 0 else { throw HDF5Failure(.malformed, "a chunk's rank") }
    let selected = unsafe start.withUnsafeBufferPointer { start in
      unsafe shape.withUnsafeBufferPointer { shape in
        unsafe H5Sselect_hyperslab(space.value, H5S_SELECT_SET, start.baseAddress, nil, shape.baseAddress, nil)
      }
    }
    try demand(selected, "the place of a chunk")
    let memory = try Identifier(
      unsafe shape.withUnsafeBufferPointer { unsafe H5Screate_simple(Int32(rank), $0.baseAddress, nil) },
      "the shape of a chunk"
    ) { H5Sclose($0) }
    var bytes = [UInt8](repeating: 0, count: count)
    let status = unsafe bytes.withUnsafeMutableBytes {
      unsafe H5Dread(dataset, type.value, memory.value, space.value, tare_native_default(), $0.baseAddress)
    }
    try demand(status, "the elements of a chunk")
    return bytes
  }

  private func byteCount(_ request: HDF5ChunkRequest, elementBytes: Int) throws(HDF5Failure) -> Int {
    var product = elementBytes
    for count in request.count {
      guard count > 0, product > 0, product <= HDF5Limits.chunkBytes / count else {
        throw HDF5Failure(.unsupported, "a chunk of more than \(HDF5Limits.chunkBytes) bytes")
      }
      product *= count
    }
    return product
  }
}
