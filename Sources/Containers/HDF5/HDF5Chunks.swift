import Filters
import HDF5Protocol
import Kernels
import TensorModel

/// The chunks of a dataset, proved: they lie in the grid, each once, and in the file.
///
/// Dimensions are the dataset's, with those of an array type behind them.
struct HDF5Chunks: Sendable {
  /// Elements of the dataset along each dimension, and of a chunk. Chunks at the edges reach beyond the dataset.
  let extent: [Int]
  let shape: [Int]
  /// Chunks along each dimension.
  let grid: [Int]
  let elementBytes: Int
  /// The dimensions that are the dataset's own.
  let datasetRank: Int
  /// Bytes of a chunk without filters.
  let byteCount: Int
  let filters: FilterPipeline
  /// Whether chunks that reach beyond the dataset are stored without filters.
  let leavesEdges: Bool
  /// By their numbers, row-major.
  let stored: [HDF5Chunk]

  /// - Parameters:
  ///   - stored: as the helper says.
  ///   - fileByteCount: of the file that holds them.
  /// - Throws: `malformed` where the chunks are not what they must be.
  init(
    extent: [Int], shape: [Int], datasetRank: Int, elementBytes: Int, _ stored: [HDF5Chunk], filters: FilterPipeline,
    leavesEdges: Bool,
    fileByteCount: Int
  ) throws(ModelError) {
    guard shape.count == extent.count, !shape.isEmpty, shape.allSatisfy({ $0 > 0 }) else {
      throw ModelError(.malformed, "chunks of shape \(shape) in a dataset of shape \(extent)")
    }
    self.extent = extent
    self.shape = shape
    self.elementBytes = elementBytes
    self.datasetRank = datasetRank
    self.filters = filters
    self.leavesEdges = leavesEdges
    byteCount = try Self.product(shape + [elementBytes])
    grid = zip(extent, shape).map { $0 == 0 ? 0 : ($0 - 1) / $1 + 1 }
    let count = try Self.product(grid)
    self.stored = stored.sorted { $0.index < $1.index }
    var last: UInt64?
    for chunk in self.stored {
      guard chunk.index < count else {
        throw ModelError(.malformed, "chunk \(chunk.index) of \(count), counted from 0")
      }
      guard chunk.index != last else { throw ModelError(.malformed, "chunk \(chunk.index) of \(count) comes twice") }
      last = chunk.index
      guard chunk.offset <= UInt64(fileByteCount), UInt64(chunk.byteCount) <= UInt64(fileByteCount) - chunk.offset
      else {
        throw ModelError(
          .malformed,
          "a chunk of \(chunk.byteCount) bytes at \(chunk.offset), but the file ends after \(fileByteCount): "
            + "it is truncated")
      }
    }
  }

  /// - Throws: `malformed` where the product leaves 63 bits.
  private static func product(_ factors: [Int]) throws(ModelError) -> Int {
    guard !factors.contains(0) else { return 0 }
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      guard !overflow else { throw ModelError(.malformed, "chunks or a number of them beyond 2^63") }
      product = next
    }
    return product
  }

  /// Bytes of the file that all chunks take.
  var storedBytes: Int { stored.reduce(0) { $0 + Int($1.byteCount) } }

  /// The chunks that were written of those with these numbers.
  func stored(in numbers: Range<Int>) -> ArraySlice<HDF5Chunk> {
    stored[position(of: numbers.lowerBound)..<position(of: numbers.upperBound)]
  }

  /// The first of `stored` whose number is not below `number`.
  private func position(of number: Int) -> Int {
    var (low, high) = (0, stored.count)
    while low < high {
      let middle = (low + high) / 2
      if stored[middle].index < UInt64(number) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether any chunk was written of the bands that hold `range` of the tensor's bytes.
  func hasStored(for range: Range<Int>) -> Bool {
    guard !range.isEmpty else { return false }
    let perBand = grid.dropFirst().reduce(1, *)
    let first = range.lowerBound / stepBytes / shape[0] * perBand
    let end = ((range.upperBound - 1) / stepBytes / shape[0] + 1) * perBand
    return !stored(in: first..<end).isEmpty
  }

  /// The numbers of the chunks that hold some of a box: all from the first to the last, where the box is cut in one
  /// dimension, has one element along those before it, and all of those behind it.
  func numbers(in box: Box) -> Range<Int> {
    let first = zip(box.start, shape).map { $0 / $1 }
    let last = shape.indices.map { (box.start[$0] + box.count[$0] - 1) / shape[$0] }
    return number(at: first)..<(number(at: last) + 1)
  }

  /// The number of the chunk at a place of the grid.
  func number(at place: [Int]) -> Int {
    var number = 0
    for (index, count) in zip(place, grid) { number = number * count + index }
    return number
  }

  /// The place in the grid of the chunk of that number.
  func place(ofChunk number: Int) -> [Int] {
    var rest = number
    var place = grid
    for dimension in grid.indices.reversed() {
      place[dimension] = rest % grid[dimension]
      rest /= grid[dimension]
    }
    return place
  }

  /// The elements of the dataset that the chunk at a place of the grid holds.
  func box(at place: [Int]) -> Box {
    let start = zip(place, shape).map { $0 * $1 }
    return Box(start: start, count: start.indices.map { min(shape[$0], extent[$0] - start[$0]) })
  }

  /// Bytes of the dataset along all chunks that have one place in the first dimension.
  var bandBytes: Int { min(shape[0], extent[0]) * stepBytes }

  /// Bytes of the dataset from one place in the first dimension to the next.
  private var stepBytes: Int { extent.dropFirst().reduce(elementBytes, *) }

  /// Decoded bytes that are worth keeping for those who read the dataset from front to back: as many as may be used again,
  /// by several of them.
  var keptBytes: Int { 3 * max(bandBytes, byteCount) }

  /// Bands, or several, as the chunks in which the tensor is read best.
  func bands(of info: TensorInfo) -> ChunkGrid {
    guard (1...ChunkGrid.maximumChunkBytes).contains(bandBytes) else { return ChunkGrid(info) }
    let bytes = bandBytes * max(1, ChunkGrid.defaultChunkBytes / bandBytes)
    let isOneRow = info.rowBytes == info.byteCount
    let grid = try? ChunkGrid(
      info, rowsPerChunk: isOneRow ? 0 : bytes / info.rowBytes, partBytes: isOneRow ? min(bytes, info.rowBytes) : 0)
    return grid ?? ChunkGrid(info)
  }

  // MARK: Filters

  /// Which filters a chunk did not go through.
  func mask(of chunk: HDF5Chunk, _ box: Box) -> UInt32 {
    leavesEdges && box.count != shape ? .max : chunk.filterMask
  }

  /// Whether a chunk with this mask went through any filter.
  func isFiltered(_ mask: UInt32) -> Bool { filters.filters.indices.contains { mask >> UInt32($0) & 1 == 0 } }

  /// Whether libhdf5 decodes the chunks: filters of its own that only it undoes.
  var isDecodedByLibrary: Bool { !filters.unknownFilters.isEmpty }

  /// The chunks, where this build reads them.
  var storage: HDF5Storage {
    if let filter = unsupportedFilter {
      return .unsupported("went through \(filter.description), which this build does not undo")
    }
    guard filters.filters.isEmpty || byteCount <= HDF5Limits.chunkBytes else {
      return .unsupported("has chunks of \(byteCount) bytes, this build decodes \(HDF5Limits.chunkBytes) at most")
    }
    return .chunked(self)
  }

  /// For people: `chunked 64×64, shuffle, gzip 6`.
  var layoutText: String {
    let shape = shape.prefix(datasetRank).map(String.init).joined(separator: "×")
    return "chunked \(shape)" + (filters.filters.isEmpty ? "" : ", " + filters.description)
  }

  /// A filter that nobody here undoes and that a chunk went through.
  private var unsupportedFilter: ChunkFilter? {
    let unknown = Set(filters.unknownFilters)
    if filters.filters.allSatisfy({ (1...6).contains($0.id) }) { return nil }
    return filters.filters.indices.first { number in
      unknown.contains(filters.filters[number]) && stored.contains { $0.filterMask >> UInt32(number) & 1 == 0 }
    }.map { filters.filters[$0] }
  }
}
