import CHDF5
import HDF5Protocol

/// Describes datasets: what their elements are, and where they lie.
enum DatasetReader {
  static func describe(_ dataset: hid_t) throws(HDF5Failure) -> HDF5Dataset {
    let type = try Identifier(H5Dget_type(dataset), "the type") { H5Tclose($0) }
    let space = try Identifier(H5Dget_space(dataset), "the dataspace") { H5Sclose($0) }
    let list = try Identifier(H5Dget_create_plist(dataset), "the creation list") { H5Pclose($0) }
    let (described, extent) = (try TypeReader.describe(type.value), try SpaceReader.describe(space.value))
    let layout = try layout(dataset, type.value, list.value, described, extent)
    return HDF5Dataset(
      type: described, space: extent, layout: layout, fill: try fill(list.value, type.value, described))
  }

  private static func layout(
    _ dataset: hid_t, _ type: hid_t, _ list: hid_t, _ described: HDF5Datatype, _ space: HDF5Space
  ) throws(HDF5Failure) -> HDF5Dataset.Layout {
    // Asked for first: nothing of other files may be opened.
    let external = try demand(H5Pget_external_count(list), "the external files")
    guard external == 0 else { return .external(try externalFiles(list, count: Int(external))) }
    switch H5Pget_layout(list) {
    case H5D_COMPACT: return .compact(try compact(dataset, type, described, space))
    case H5D_CONTIGUOUS:
      return .contiguous(offset: try offset(dataset), byteCount: UInt64(H5Dget_storage_size(dataset)))
    case H5D_CHUNKED:
      return .chunked(
        HDF5ChunkLayout(shape: try chunkShape(list), filters: try filters(list), leavesEdges: try leavesEdges(list)))
    case H5D_VIRTUAL: return .virtual
    default: throw HDF5Failure(.malformed, "a layout of no known kind")
    }
  }

  /// - Returns: nil where nothing was ever written. What the library says of that offset depends on the user block.
  private static func offset(_ dataset: hid_t) throws(HDF5Failure) -> UInt64? {
    var status = H5D_SPACE_STATUS_NOT_ALLOCATED
    try demand(unsafe H5Dget_space_status(dataset, &status), "whether there are elements")
    let offset = H5Dget_offset(dataset)
    let isNowhere = status == H5D_SPACE_STATUS_NOT_ALLOCATED || offset == tare_undefined_address()
    return isNowhere ? nil : UInt64(offset)
  }

  private static func externalFiles(_ list: hid_t, count: Int) throws(HDF5Failure) -> [[UInt8]] {
    var names: [[UInt8]] = []
    for index in 0..<min(count, 16) {
      var name = [CChar](repeating: 0, count: 1024)
      var (offset, size) = (off_t(0), hsize_t(0))
      let status = unsafe name.withUnsafeMutableBufferPointer {
        unsafe H5Pget_external(list, UInt32(index), $0.count - 1, $0.baseAddress, &offset, &size)
      }
      try demand(status, "an external file")
      names.append(name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }
    return names
  }

  private static func compact(
    _ dataset: hid_t, _ type: hid_t, _ described: HDF5Datatype, _ space: HDF5Space
  ) throws(HDF5Failure) -> [UInt8] {
    // An object's header has messages of 64 KiB at most.
    guard let count = space.elementCount, count <= 1 << 16 / described.byteCount else {
      throw HDF5Failure(.malformed, "compact elements of more than 65536 bytes")
    }
    let byteCount = count * described.byteCount
    let stored = H5Dget_storage_size(dataset)
    // The library copies as many as the dataspace asks for, whatever there is.
    guard stored == byteCount else {
      throw HDF5Failure(.malformed, "\(stored) compact bytes, expected \(byteCount)")
    }
    guard count > 0, !described.pointsElsewhere else { return [] }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    let status = unsafe bytes.withUnsafeMutableBytes {
      unsafe H5Dread(dataset, type, tare_all(), tare_all(), tare_native_default(), $0.baseAddress)
    }
    try demand(status, "compact elements")
    return bytes
  }

  private static func chunkShape(_ list: hid_t) throws(HDF5Failure) -> [Int] {
    var shape = [hsize_t](repeating: 0, count: HDF5Limits.rank)
    let rank = unsafe shape.withUnsafeMutableBufferPointer {
      unsafe H5Pget_chunk(list, Int32($0.count), $0.baseAddress)
    }
    try demand(rank, "the shape of chunks")
    guard rank <= HDF5Limits.rank, shape.allSatisfy({ $0 <= UInt32.max }) else {
      throw HDF5Failure(.malformed, "the shape of chunks")
    }
    return shape.prefix(Int(rank)).map { Int($0) }
  }

  private static func leavesEdges(_ list: hid_t) throws(HDF5Failure) -> Bool {
    var options: UInt32 = 0
    try demand(unsafe H5Pget_chunk_opts(list, &options), "how chunks are stored")
    return options & UInt32(H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0
  }

  private static func filters(_ list: hid_t) throws(HDF5Failure) -> [HDF5Filter] {
    let count = try demand(H5Pget_nfilters(list), "the filters")
    guard count <= HDF5Limits.filters else { throw HDF5Failure(.malformed, "\(count) filters") }
    var filters: [HDF5Filter] = []
    for index in 0..<UInt32(count) {
      var flags: UInt32 = 0
      var configuration: UInt32 = 0
      var parameterCount = 256
      var parameters = [UInt32](repeating: 0, count: parameterCount)
      let id = unsafe parameters.withUnsafeMutableBufferPointer {
        unsafe H5Pget_filter2(list, index, &flags, &parameterCount, $0.baseAddress, 0, nil, &configuration)
      }
      try demand(id, "filter \(index)")
      guard parameterCount <= parameters.count else {
        throw HDF5Failure(.unsupported, "filter \(id) with \(parameterCount) parameters")
      }
      filters.append(
        HDF5Filter(id: Int(id), flags: flags, parameters: Array(parameters.prefix(parameterCount))))
    }
    return filters
  }

  /// - Returns: nil where none was chosen.
  private static func fill(
    _ list: hid_t, _ type: hid_t, _ described: HDF5Datatype
  ) throws(HDF5Failure) -> [UInt8]? {
    var status = H5D_FILL_VALUE_UNDEFINED
    try demand(unsafe H5Pfill_value_defined(list, &status), "the fill value")
    guard status == H5D_FILL_VALUE_USER_DEFINED, !described.pointsElsewhere, described.byteCount <= 1 << 16 else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: described.byteCount)
    let read = unsafe bytes.withUnsafeMutableBytes { unsafe H5Pget_fill_value(list, type, $0.baseAddress) }
    try demand(read, "the fill value")
    return bytes
  }
}
