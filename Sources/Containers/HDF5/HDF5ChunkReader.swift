import ByteStore
import Filters
import HDF5Protocol
import Kernels
import TensorModel

/// One worker's way to the elements of chunked datasets.
final class HDF5ChunkReader {
  private let file: HDF5File
  private var workspace = FilterWorkspace()
  /// Started for what only the library decodes.
  private var helper: HDF5Helper?
  /// Memory that was lent before: fresh pages are slower than copying.
  private var spare: [UInt8] = []

  init(_ file: HDF5File) { self.file = file }

  /// Lends `range` of the tensor's bytes, in the order of bytes that the file has.
  func withBytes<Result: ~Copyable>(
    of number: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let tensor = file.header.tensors[number]
    guard case .chunked(let chunks) = tensor.storage else { preconditionFailure("a tensor that is not chunked") }
    let size = chunks.elementBytes
    let elements = (range.lowerBound / size)..<((range.upperBound + size - 1) / size)
    // Taken out of sight while it is lent, for whoever reads another range meanwhile.
    var bytes: [UInt8] = []
    swap(&bytes, &spare)
    defer { spare = bytes }
    if bytes.count < elements.count * size { bytes = [UInt8](repeating: 0, count: elements.count * size) }
    for box in HDF5Box.covering(elements, of: chunks.extent) {
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
  ///   - box: one of `HDF5Box.covering`: the chunks that hold some of it follow each other in the grid.
  ///   - origin: the byte of the tensor with which `bytes` begins.
  private func read(
    _ box: HDF5Box, _ number: Int, _ tensor: HDF5Tensor, _ chunks: HDF5Chunks, origin: Int, into bytes: inout [UInt8]
  ) throws(ModelError) {
    let numbers = chunks.numbers(in: box)
    let stored = chunks.stored(in: numbers)
    if stored.count < numbers.count {
      let target = (chunks.extent, box.start)
      let copy = BoxCopy(count: box.count, source: target, target: target, elementBytes: chunks.elementBytes)
      unsafe bytes.withUnsafeMutableBytes { unsafe copy.fill($0.baseAddress!, origin: origin, with: tensor.fill) }
    }
    for chunk in stored {
      let whole = chunks.box(at: chunks.place(ofChunk: Int(chunk.index)))
      let part = whole.clamped(to: box)
      let inChunk = zip(part.start, whole.start).map { $0 - $1 }
      try withElements(of: chunk, whole, number, tensor, chunks) { (elements, shape) in
        let copy = BoxCopy(
          count: part.count, source: (shape, inChunk), target: (chunks.extent, part.start),
          elementBytes: chunks.elementBytes)
        unsafe bytes.withUnsafeMutableBytes { target in
          unsafe elements.withUnsafeBytes {
            unsafe copy.run($0.baseAddress!, into: target.baseAddress!, origin: origin)
          }
        }
      }
    }
  }

  /// Lends the elements of a chunk and their shape.
  private func withElements(
    of chunk: HDF5Chunk, _ whole: HDF5Box, _ number: Int, _ tensor: HDF5Tensor, _ chunks: HDF5Chunks,
    _ body: (RawSpan, [Int]) -> Void
  ) throws(ModelError) {
    let key = HDF5ChunkCache.Key(tensor: number, chunk: Int(chunk.index))
    if chunks.isDecodedByLibrary {
      let count = whole.count.reduce(chunks.elementBytes, *)
      let bytes = try file.cache.bytes(of: key, byteCount: count, keeping: chunks.keptBytes) { (_) throws(ModelError) in
        try decodedByLibrary(whole, tensor, chunks, byteCount: count)
      }
      return body(unsafe bytes.span.bytes, whole.count)
    }
    let place = Int(chunk.offset)..<(Int(chunk.offset) + Int(chunk.byteCount))
    let mask = chunks.mask(of: chunk, whole)
    guard chunks.isFiltered(mask) else {
      guard place.count == chunks.byteCount else {
        throw ModelError(
          .malformed, "a chunk of \(place.count) bytes, expected \(chunks.byteCount)", at: place.lowerBound)
      }
      return try file.map.withBytes(place) { body($0, chunks.shape) }
    }
    let bytes = try file.cache.bytes(of: key, byteCount: chunks.byteCount, keeping: chunks.keptBytes) {
      (spare) throws(ModelError) in try decoded(place, chunks, mask, into: spare)
    }
    body(unsafe bytes.span.bytes, chunks.shape)
  }

  private func decoded(
    _ place: Range<Int>, _ chunks: HDF5Chunks, _ mask: UInt32, into spare: consuming [UInt8]
  ) throws(ModelError) -> [UInt8] {
    var bytes = spare.isEmpty ? [UInt8](repeating: 0, count: chunks.byteCount) : spare
    try unsafe bytes.withUnsafeMutableBufferPointer { (bytes) throws(ModelError) in
      let target = UnsafeMutableRawBufferPointer(bytes)
      try file.map.withBytes(place) { (stored) throws(ModelError) in
        try unsafe chunks.filters.undo(stored, at: place.lowerBound, skipping: mask, into: target, &workspace)
      }
    }
    file.map.release(place)
    return bytes
  }

  private func decodedByLibrary(
    _ whole: HDF5Box, _ tensor: HDF5Tensor, _ chunks: HDF5Chunks, byteCount: Int
  ) throws(ModelError) -> [UInt8] {
    if helper == nil { helper = try file.makeHelper() }
    let rank = chunks.datasetRank
    return try helper!.elements(
      HDF5ChunkRequest(
        path: tensor.path, start: Array(whole.start.prefix(rank)), count: Array(whole.count.prefix(rank))),
      byteCount: byteCount)
  }
}
