import CHDF5
import HDF5Protocol
import TensorModel

/// Tells where the chunks of a dataset lie.
struct ChunkLister {
  private let dataset: hid_t
  private let shape: [Int]
  private let chunk: [Int]
  /// Chunks along each dimension.
  private let grid: [Int]
  /// What the library's addresses lack: the bytes in front of the file proper, in some releases.
  private let base: UInt64

  /// - Throws: `malformed` where the shapes do not fit each other.
  init(_ dataset: hid_t, shape: [Int], chunk: [Int], base: UInt64) throws(HDF5Failure) {
    guard shape.count == chunk.count, !chunk.contains(0) else {
      throw HDF5Failure(.malformed, "chunks of shape \(chunk) in a dataset of shape \(shape)")
    }
    self.dataset = dataset
    self.shape = shape
    self.chunk = chunk
    self.base = base
    grid = zip(shape, chunk).map { count, size in count == 0 ? 0 : (count - 1) / size + 1 }
  }

  /// Hands over the chunks that were written, some at a time.
  func list(to take: ([UInt8]) -> Void) throws(HDF5Failure) {
    // Releases before 1.12 refuse H5S_ALL here.
    let space = try Identifier(H5Dget_space(dataset), "the dataspace") { H5Sclose($0) }
    var count: hsize_t = 0
    try demand(unsafe H5Dget_num_chunks(dataset, space.value, &count), "the chunks")
    let order = try ChunkOrder(dataset, space.value, chunk: chunk)
    var isCorrect = true
    if let order {
      for index in 0..<count where isCorrect { isCorrect = order.holds(try found(space.value, index)) }
    }
    var writer = ByteWriter()
    for index in 0..<count {
      var found = try found(space.value, index)
      if let order, !isCorrect { found = try order.corrected(found) }
      try described(found).write(to: &writer)
      if (index + 1) % hsize_t(HDF5Limits.chunksPerFrame) == 0 || index + 1 == count {
        take(writer.bytes)
        writer.removeAll()
      }
    }
  }

  private func found(_ space: hid_t, _ index: hsize_t) throws(HDF5Failure) -> FoundChunk {
    var place = [hsize_t](repeating: 0, count: chunk.count)
    var (mask, address, size) = (UInt32(0), haddr_t(0), hsize_t(0))
    let status = unsafe place.withUnsafeMutableBufferPointer {
      unsafe H5Dget_chunk_info(dataset, space, index, $0.baseAddress, &mask, &address, &size)
    }
    try demand(status, "chunk \(index)")
    return FoundChunk(place: place, address: UInt64(address), byteCount: UInt64(size), mask: mask)
  }

  private func described(_ found: FoundChunk) throws(HDF5Failure) -> HDF5Chunk {
    guard let bytes = UInt32(exactly: found.byteCount) else {
      throw HDF5Failure(.malformed, "a chunk of \(found.byteCount) bytes")
    }
    let (offset, overflow) = found.address.addingReportingOverflow(base)
    guard !overflow else { throw HDF5Failure(.malformed, "a chunk at \(found.address)") }
    return HDF5Chunk(index: try number(found.place), offset: offset, byteCount: bytes, filterMask: found.mask)
  }

  /// The number of the chunk whose first element is at `place`.
  private func number(_ place: [hsize_t]) throws(HDF5Failure) -> UInt64 {
    var number: UInt64 = 0
    for (dimension, size) in chunk.enumerated() {
      guard place[dimension] % UInt64(size) == 0, place[dimension] / UInt64(size) < UInt64(grid[dimension]) else {
        throw HDF5Failure(.malformed, "a chunk at \(place) in a dataset of shape \(shape)")
      }
      let (product, overflow) = number.multipliedReportingOverflow(by: UInt64(grid[dimension]))
      let (sum, carry) = product.addingReportingOverflow(place[dimension] / UInt64(size))
      guard !overflow, !carry else { throw HDF5Failure(.malformed, "2^64 chunks or more") }
      number = sum
    }
    return number
  }
}

/// A chunk as the library tells of it.
struct FoundChunk {
  /// Its first element.
  var place: [hsize_t]
  var address: UInt64
  var byteCount: UInt64
  var mask: UInt32
}
