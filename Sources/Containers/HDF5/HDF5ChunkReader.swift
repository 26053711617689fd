import Filters
import HDF5Protocol
import Kernels
import TensorModel

/// One worker's way to the elements of chunked datasets.
final class HDF5ChunkReader {
  private let file: any HDF5Bytes
  private let cache: HDF5ChunkCache
  private let makeHelper: (() throws(ModelError) -> HDF5Helper)?
  private var workspace = FilterWorkspace()
  /// Started for what only the library decodes.
  private var helper: HDF5Helper?
  /// Memory that was lent before: fresh pages are slower than copying.
  private var spare: [UInt8] = []

  /// - Parameter makeHelper: starts what decodes as only the library does; nil where that is not needed.
  init(_ file: any HDF5Bytes, cache: HDF5ChunkCache, makeHelper: (() throws(ModelError) -> HDF5Helper)?) {
    self.file = file
    self.cache = cache
    self.makeHelper = makeHelper
  }

  /// Lends `range` of a tensor's bytes, in the order of bytes that the file has.
  /// - Parameters:
  ///   - number: by which the cache knows the tensor.
  ///   - chunks: the tensor's.
  func withBytes<Result: ~Copyable>(
    of tensor: HDF5Tensor, _ number: Int, _ chunks: HDF5Chunks, _ range: Range<Int>,
    _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let size = chunks.elementBytes
    let elements = (range.lowerBound / size)..<((range.upperBound + size - 1) / size)
    // Taken out of sight while it is lent, for whoever reads another range meanwhile.
    var bytes: [UInt8] = []
    swap(&bytes, &spare)
    defer { spare = bytes }
    if bytes.count < elements.count * size { bytes = [UInt8](repeating: 0, count: elements.count * size) }
    for box in Box.covering(elements, of: chunks.extent) {
      do throws(ModelError) {
        try read(box, number, tensor, chunks, origin: elements.lowerBound * size, into: &bytes)
      } catch {
        throw error.inside("tensor '\(tensor.info.name)'")
      }
    }
    let start = range.lowerBound - elements.lowerBound * size
    return try body(unsafe bytes.span.bytes.extracting(start..<(start + range.count)))
  }

  /// Reads a box of the dataset: what fills it where chunks were never written, then those that were.
  /// - Parameters:
  ///   - box: one of `Box.covering`: the chunks that hold some of it follow each other in the grid.
  ///   - origin: the byte of the tensor with which `bytes` begins.
  private func read(
    _ box: Box, _ number: Int, _ tensor: HDF5Tensor, _ chunks: HDF5Chunks, origin: Int, into bytes: inout [UInt8]
  ) throws(ModelError) {
    let numbers = chunks.numbers(in: box)
    let stored = chunks.stored(in: numbers)
    if stored.count < numbers.count {
      let target = (chunks.extent, box.start)
      let runs = BoxRuns(count: box.count, source: target, target: target, elementBytes: chunks.elementBytes)
      unsafe bytes.withUnsafeMutableBytes { unsafe runs.fill($0.baseAddress!, origin: origin, with: tensor.fill) }
    }
    for chunk in stored {
      let whole = chunks.box(at: chunks.place(ofChunk: Int(chunk.index)))
      let part = whole.clamped(to: box)
      let inChunk = zip(part.start, whole.start).map { $0 - $1 }
      let runs = BoxRuns(
        count: part.count, source: (chunks.isDecodedByLibrary ? whole.count : chunks.shape, inChunk),
        target: (chunks.extent, part.start), elementBytes: chunks.elementBytes)
      let taken = runs.sourceBytes
      try withBytes(taken, of: chunk, whole, number, tensor, chunks) { source in
        unsafe bytes.withUnsafeMutableBytes { target in
          unsafe source.withUnsafeBytes {
            unsafe runs.copy($0.baseAddress!, origin: taken.lowerBound, into: target.baseAddress!, origin: origin)
          }
        }
      }
    }
  }

  /// Lends a range of a decoded chunk's bytes.
  private func withBytes(
    _ range: Range<Int>, of chunk: HDF5Chunk, _ whole: Box, _ number: Int, _ tensor: HDF5Tensor,
    _ chunks: HDF5Chunks, _ body: (RawSpan) -> Void
  ) throws(ModelError) {
    let place = Int(chunk.offset)..<(Int(chunk.offset) + Int(chunk.byteCount))
    let mask = chunks.mask(of: chunk, whole)
    guard chunks.isDecodedByLibrary || chunks.isFiltered(mask) else {
      guard place.count == chunks.byteCount else {
        throw file.located(
          ModelError(
            .malformed, "a chunk of \(place.count) bytes, expected \(chunks.byteCount)", at: place.lowerBound))
      }
      // It may be of any size.
      return try file.withBytes(range.moved(by: place.lowerBound), body)
    }
    let byteCount = chunks.isDecodedByLibrary ? whole.count.reduce(chunks.elementBytes, *) : chunks.byteCount
    let bytes = try cache.bytes(
      of: .init(tensor: number, chunk: Int(chunk.index)), byteCount: byteCount, keeping: chunks.keptBytes
    ) { (spare) throws(ModelError) in
      chunks.isDecodedByLibrary
        ? try decodedByLibrary(whole, tensor, chunks, byteCount: byteCount)
        : try decoded(place, chunks, mask, into: spare)
    }
    body(unsafe bytes.span.bytes.extracting(range))
  }

  private func decoded(
    _ place: Range<Int>, _ chunks: HDF5Chunks, _ mask: UInt32, into spare: consuming [UInt8]
  ) throws(ModelError) -> [UInt8] {
    var bytes = spare.isEmpty ? [UInt8](repeating: 0, count: chunks.byteCount) : spare
    try unsafe bytes.withUnsafeMutableBufferPointer { (bytes) throws(ModelError) in
      let target = UnsafeMutableRawBufferPointer(bytes)
      try file.withBytes(place) { (stored) throws(ModelError) in
        do throws(ModelError) {
          try unsafe chunks.filters.undo(stored, at: place.lowerBound, skipping: mask, into: target, &workspace)
        } catch {
          throw file.located(error)
        }
      }
    }
    file.release(place)
    return bytes
  }

  private func decodedByLibrary(
    _ whole: Box, _ tensor: HDF5Tensor, _ chunks: HDF5Chunks, byteCount: Int
  ) throws(ModelError) -> [UInt8] {
    if helper == nil { helper = try makeHelper!() }
    let rank = chunks.datasetRank
    return try helper!.elements(
      HDF5ChunkRequest(
        path: tensor.path, start: Array(whole.start.prefix(rank)), count: Array(whole.count.prefix(rank))),
      byteCount: byteCount)
  }
}
