import CHDF5
import HDF5Protocol

/// The places of chunks in an extensible array whose growing dimension is not the first.
///
/// Such an array has the growing dimension in front, so that it grows at its end. All releases until 2.0 forget that when
/// they tell of its chunks one by one: they count through the array as if its dimensions stood in the dataset's order, where
/// the growing one has no end. Asked for the chunk at a place, they find it, which tells whether what they said holds.
struct ChunkOrder {
  private let dataset: hid_t
  private let chunk: [Int]
  /// The dimension that grows.
  private let growing: Int
  /// Chunks along each dimension at most; of the growing one it does not matter.
  private let most: [UInt64]

  /// Nil for every other index.
  init?(_ dataset: hid_t, _ space: hid_t, chunk: [Int]) throws(HDF5Failure) {
    var index = H5D_CHUNK_IDX_BTREE
    try demand(unsafe H5Dget_chunk_index_type(dataset, &index), "the index of chunks")
    guard index == H5D_CHUNK_IDX_EARRAY else { return nil }
    var largest = [hsize_t](repeating: 0, count: chunk.count)
    let status = unsafe largest.withUnsafeMutableBufferPointer {
      unsafe H5Sget_simple_extent_dims(space, nil, $0.baseAddress)
    }
    try demand(status, "the dataspace")
    guard let growing = largest.firstIndex(of: hsize_t.max), growing > 0 else { return nil }
    self.dataset = dataset
    self.chunk = chunk
    self.growing = growing
    most = zip(largest, chunk).map { count, size in count == 0 ? 0 : (UInt64(count) - 1) / UInt64(size) + 1 }
  }

  /// Whether the library finds a chunk of that size at the place that it told.
  func holds(_ found: FoundChunk) -> Bool {
    var byteCount: hsize_t = 0
    let status = unsafe found.place.withUnsafeBufferPointer {
      unsafe H5Dget_chunk_storage_size(dataset, $0.baseAddress, &byteCount)
    }
    return status >= 0 && UInt64(byteCount) == found.byteCount
  }

  /// The chunk at its true place.
  /// - Throws: `unsupported` where the library does not find it there.
  func corrected(_ found: FoundChunk) throws(HDF5Failure) -> FoundChunk {
    // Which of the array's elements it is.
    var element: UInt64 = 0
    for dimension in growing..<chunk.count {
      element =
        element &* (dimension == growing ? 1 : most[dimension])
        &+ UInt64(found.place[dimension]) / UInt64(chunk[dimension])
    }
    var corrected = found
    for dimension in chunk.indices.reversed() where dimension != growing {
      corrected.place[dimension] = hsize_t(element % max(1, most[dimension])) &* hsize_t(chunk[dimension])
      element /= max(1, most[dimension])
    }
    corrected.place[growing] = hsize_t(element) &* hsize_t(chunk[growing])
    guard holds(corrected) else {
      throw HDF5Failure(.unsupported, "libhdf5 does not tell where the chunks of a growing dataset lie")
    }
    return corrected
  }
}
