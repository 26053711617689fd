import Codecs
import Kernels

/// The keys of the parts of a chunk's blocks.
enum BlockKeys {
  /// - Parameter rowBlocks: of types whose keys have no ratio of their own, the blocks of a row: the ratio is that of a
  ///   scale to the mean of its row, as far as the row lies in the chunk. 0 for none.
  @unsafe static func keys(
    of blocks: UnsafeRawPointer, _ count: Int, _ symbols: BlockSymbols, rowBlocks: Int, _ buffer: ScratchBuffer
  ) -> UnsafeBufferPointer<BlockKey> {
    let parts = count * symbols.parts
    let keys = unsafe buffer.raw(parts * MemoryLayout<BlockKey>.stride).assumingMemoryBound(to: BlockKey.self)
    unsafe BlockScales.keys(of: blocks, count, symbols, into: keys)
    let row = rowBlocks * symbols.parts
    if row > 0 {
      for start in stride(from: 0, to: parts, by: row) {
        unsafe setRatios(UnsafeMutableBufferPointer(start: keys + start, count: min(row, parts - start)))
      }
    }
    return unsafe UnsafeBufferPointer(start: keys, count: parts)
  }

  private static func setRatios(_ row: UnsafeMutableBufferPointer<BlockKey>) {
    var sum: Float = 0
    for index in row.indices { unsafe sum += abs(row[index].scale) }
    let mean = sum / Float(row.count)
    for index in row.indices { unsafe row[index].ratio = unsafe row[index].scale / mean }
  }
}
