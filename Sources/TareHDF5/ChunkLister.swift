import CHDF5
import HDF5Protocol
import TensorModel

/// Tells where the chunks of a dataset lie.
struct ChunkLister {
  private let dataset: hid_t
  /// Where the dataset's header lies.
  private let header: UInt64
  private let file: RawFile
  private let shape: [Int]
  private let chunk: [Int]
  /// Chunks along each dimension.
  private let grid: [Int]

  /// - Throws: `malformed` where the shapes do not fit each other.
  init(
    _ dataset: hid_t, header: UInt64, shape: [Int], chunk: [Int], _ file: RawFile
  ) throws(HDF5Failure) {
    guard shape.count == chunk.count, !chunk.contains(0) else {
      throw HDF5Failure(.malformed, "chunks of shape \(chunk) in a dataset of shape \(shape)")
    }
    self.dataset = dataset
    self.shape = shape
    self.chunk = chunk
    self.header = header
    self.file = file
    grid = zip(shape, chunk).map { count, size in count == 0 ? 0 : (count - 1) / size + 1 }
  }

  /// Hands over the chunks that were written, some at a time.
  func list(to take: @escaping ([UInt8]) -> Void) throws(HDF5Failure) {
    // Releases before 1.12 refuse H5S_ALL here.
    let space = try Identifier(H5Dget_space(dataset), "the dataspace") { H5Sclose($0) }
    var count: hsize_t = 0
    try demand(unsafe H5Dget_num_chunks(dataset, space.value, &count), "the chunks")
    if let chunks = try chunksOfTree(space.value, Int(clamping: count)) {
      var sender = ChunkSender(take)
      for chunk in chunks { sender.add(try described(chunk, base: file.userBlockBytes)) }
      sender.finish()
      return
    }
    let order = try ChunkOrder(dataset, space.value, chunk: chunk)
    var isCorrect = true
    if let order {
      for index in 0..<count where isCorrect { isCorrect = order.holds(try found(space.value, index)) }
    }
    var sender = ChunkSender(take)
    for index in 0..<count {
      var found = try found(space.value, index)
      if let order, !isCorrect { found = try order.corrected(found) }
      sender.add(try described(found, base: file.addedToChunks))
    }
    sender.finish()
  }

  /// Fewer are asked for one by one: the library needs no time for them.
  private static let leastInTree = 1000

  /// The chunks as the file's own tree has them, where there are many, and the library agrees on the first and the last.
  private func chunksOfTree(_ space: hid_t, _ count: Int) throws(HDF5Failure) -> [FoundChunk]? {
    guard count >= Self.leastInTree, file.descriptor >= 0,
      let chunks = ChunkTree.chunks(
        file.descriptor, base: file.start + file.userBlockBytes, header: header, rank: chunk.count, count: count)
    else { return nil }
    for index in [0, count - 1] {
      var known = try found(space, hsize_t(index))
      known.address = known.address &+ file.addedToChunks &- file.userBlockBytes
      guard known == chunks[index] else { return nil }
    }
    return chunks
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

  private func described(_ found: FoundChunk, base: UInt64) throws(HDF5Failure) -> HDF5Chunk {
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
struct FoundChunk: Equatable {
  /// Its first element.
  var place: [hsize_t]
  var address: UInt64
  var byteCount: UInt64
  var mask: UInt32
}

/// Sends chunks, many in a frame.
private struct ChunkSender {
  private var writer = ByteWriter()
  private var count = 0
  private let take: ([UInt8]) -> Void

  init(_ take: @escaping ([UInt8]) -> Void) { self.take = take }

  mutating func add(_ chunk: HDF5Chunk) {
    chunk.write(to: &writer)
    count += 1
    if count % HDF5Limits.chunksPerFrame == 0 { finish() }
  }

  mutating func finish() {
    if !writer.bytes.isEmpty { take(writer.bytes) }
    writer.removeAll()
  }
}
