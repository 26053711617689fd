import TensorModel

/// The chunks of several grids, numbered through.
struct ChunkList: Sendable {
  /// The number of the first chunk of each grid, and the number of all of them.
  private var starts = [0]
  private var grids: [ChunkGrid] = []

  /// - Throws: `malformed` where the chunks are more than an `Int` counts.
  init(_ grids: some Sequence<ChunkGrid>) throws(ModelError) {
    for grid in grids {
      let (next, overflow) = starts.last!.addingReportingOverflow(grid.count)
      guard !overflow else { throw ModelError(.malformed, "the tensors have more than 2^63 chunks") }
      starts.append(next)
      self.grids.append(grid)
    }
  }

  var count: Int { starts.last! }

  /// The grid and the bytes of its tensor that belong to chunk `number`.
  func chunk(_ number: Int) -> (grid: Int, bytes: Range<Int>) {
    precondition(number >= 0 && number < count)
    // The last grid that starts at or before `number`; grids without chunks are passed over.
    var low = 0
    var high = grids.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= number { low = middle } else { high = middle }
    }
    return (low, grids[low].bytes(ofChunk: number - starts[low]))
  }
}
