import Codecs
import TensorModel

/// Blocks of LZ4 in a frame; one that is as large as what it holds is stored.
enum LZ4Filter {
  @unsafe static func undo(
    _ bytes: UnsafeRawBufferPointer, expecting size: FilteredSize, into room: UnsafeMutableRawBufferPointer
  ) throws(ModelError) -> UnsafeRawBufferPointer {
    var frame = try unsafe BlockFrame(bytes, expecting: size)
    var filled = 0
    while filled < frame.contentBytes {
      let count = min(frame.blockBytes, frame.contentBytes - filled)
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[filled..<(filled + count)])
      let block = try unsafe frame.nextBlock()
      if block.count == count {
        unsafe target.copyMemory(from: block)
      } else {
        try unsafe frame.inBlock(block) { () throws(ModelError) in try unsafe LZ4Block.decompress(block, into: target) }
      }
      filled += count
    }
    try frame.end()
    return unsafe UnsafeRawBufferPointer(rebasing: room[..<filled])
  }
}
