import Codecs
import Kernels
import TensorModel

/// Bits of elements by plane, block by block, each of which may be compressed (the HDF5 filter of the bitshuffle project).
struct Bitshuffle: Hashable, Sendable {
  enum Codec: Int, Hashable, Sendable {
    case none = 0
    case lz4 = 2
    case zstd = 3
  }

  /// Elements are transposed by eight.
  private static let group = 8

  let elementBytes: Int
  /// Elements of a block where no frame says it, a multiple of 8.
  let blockElements: Int
  let codec: Codec

  /// - Throws: `malformed` where a parameter is none that the filter has.
  init(_ filter: ChunkFilter) throws(ModelError) {
    // The first two are the release that wrote the file.
    elementBytes = try filter.parameter(2, in: 1...(1 << 24))
    let recorded = filter.parameters.count > 3 ? try filter.parameter(3, in: 0...(1 << 30)) : 0
    let codec = filter.parameters.count > 4 ? try filter.parameter(4, in: 0...3) : 0
    guard let codec = Codec(rawValue: codec), recorded % Self.group == 0 else {
      throw ModelError(
        .malformed, "bitshuffle with the parameters \(filter.parameters), expected blocks of a multiple of 8 elements")
    }
    self.codec = codec
    blockElements = recorded > 0 ? recorded : Self.defaultBlock(elementBytes)
  }

  /// Blocks of 8 KiB, of at least 128 elements.
  private static func defaultBlock(_ elementBytes: Int) -> Int { max(8192 / elementBytes / group * group, 128) }

  @unsafe func undo(
    _ bytes: UnsafeRawBufferPointer, expecting size: FilteredSize, into room: UnsafeMutableRawBufferPointer,
    _ workspace: inout FilterWorkspace
  ) throws(ModelError) -> UnsafeRawBufferPointer {
    guard codec != .none else {
      try size.demand(bytes.count)
      return unsafe undoPlain(bytes, into: room, workspace)
    }
    var frame = try unsafe BlockFrame(bytes, expecting: size)
    let step = elementBytes * Self.group
    guard frame.blockBytes % step == 0 else {
      throw ModelError(.malformed, "blocks of \(frame.blockBytes) bytes, expected a multiple of \(step)", at: 8)
    }
    var filled = 0
    let grouped = frame.contentBytes / elementBytes / Self.group * step
    while filled < grouped {
      let count = min(frame.blockBytes, grouped - filled)
      let block = try unsafe frame.nextBlock()
      let decoded = unsafe UnsafeMutableRawBufferPointer(start: workspace.block.raw(count), count: count)
      try unsafe frame.inBlock(block) { () throws(ModelError) in try unsafe decode(block, into: decoded, &workspace) }
      unsafe join(decoded.baseAddress!, count, into: room.baseAddress! + filled, workspace)
      filled += count
    }
    let rest = try unsafe frame.take(frame.contentBytes - filled)
    unsafe UnsafeMutableRawBufferPointer(rebasing: room[filled...]).copyMemory(from: rest)
    try frame.end()
    return unsafe UnsafeRawBufferPointer(rebasing: room[..<frame.contentBytes])
  }

  @unsafe private func undoPlain(
    _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer, _ workspace: borrowing FilterWorkspace
  ) -> UnsafeRawBufferPointer {
    var filled = 0
    let grouped = bytes.count / elementBytes / Self.group * elementBytes * Self.group
    while filled < grouped {
      let count = min(blockElements * elementBytes, grouped - filled)
      unsafe join(bytes.baseAddress! + filled, count, into: room.baseAddress! + filled, workspace)
      filled += count
    }
    let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[filled...])
    unsafe UnsafeMutableRawBufferPointer(rebasing: room[filled...]).copyMemory(from: rest)
    return unsafe UnsafeRawBufferPointer(rebasing: room[..<bytes.count])
  }

  @unsafe private func decode(
    _ block: UnsafeRawBufferPointer, into decoded: UnsafeMutableRawBufferPointer, _ workspace: inout FilterWorkspace
  ) throws(ModelError) {
    if codec == .lz4 {
      try unsafe LZ4Block.decompress(block, into: decoded)
    } else {
      try unsafe workspace.zstdDecompressor().decompress(block, into: decoded, windowLimit: .max)
    }
  }

  /// Puts the bit planes of one block together.
  @unsafe private func join(
    _ source: UnsafeRawPointer, _ byteCount: Int, into target: UnsafeMutableRawPointer,
    _ workspace: borrowing FilterWorkspace
  ) {
    unsafe BitShuffle.unshuffle(
      source.assumingMemoryBound(to: UInt8.self), elements: byteCount / elementBytes, elementBytes: elementBytes,
      planes: workspace.planes.bytes(byteCount), into: target.assumingMemoryBound(to: UInt8.self))
  }
}
