import Kernels
import TensorModel

/// Where an entry's chunks and shared streams lie, and their checksums.
struct EntryDirectory: Sendable {
  struct SharedStream: Hashable, Sendable {
    var byteCount: Int
    /// Offset from the entry's first byte.
    var body: Range<Int>
    var isCompressed: Bool
    var hash: UInt64
  }

  var grid: ChunkGrid
  var shared: [SharedStream]
  /// Where each chunk begins, from the entry's first byte, and where the last one ends.
  var chunkStarts: [Int]
  var storedHashes: [UInt32]
  var denseHashes: [UInt64]

  func storedBytes(ofChunk index: Int) -> Range<Int> { chunkStarts[index]..<chunkStarts[index + 1] }

  /// The part of a hash that is kept for stored bytes.
  static func storedHash(_ bytes: RawSpan) -> UInt32 { UInt32(truncatingIfNeeded: XXH3.hash(bytes)) }

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.varint(grid.rowsPerChunk)
    writer.varint(grid.partBytes)
    writer.varint(shared.count)
    for stream in shared {
      writer.byte(stream.isCompressed ? 1 : 0)
      writer.varint(stream.byteCount)
      if stream.isCompressed { writer.varint(stream.body.count) }
      writer.integer(stream.hash)
    }
    for (start, end) in zip(chunkStarts, chunkStarts.dropFirst()) { writer.varint(end - start) }
    for hash in storedHashes { writer.integer(hash) }
    for hash in denseHashes { writer.integer(hash) }
    return writer.bytes
  }

  /// Parses a directory and proves that it describes the entry: a legal grid, and lengths that add up to its stored bytes.
  /// - Parameter origin: the directory's offset in the file, for errors.
  static func parse(_ bytes: RawSpan, of entry: PackedIndex.Entry, origin: Int) throws(ModelError) -> EntryDirectory {
    var cursor = ByteCursor(bytes, origin: origin)
    let rows = try cursor.varint("the rows of a chunk")
    let part = try cursor.varint("the bytes of a part of a row")
    let grid: ChunkGrid
    do throws(ModelError) {
      grid = try ChunkGrid(entry.info, rowsPerChunk: rows, partBytes: part)
    } catch {
      var error = error
      error.byteOffset = origin
      throw error
    }
    let end = entry.place.storedBytes - entry.place.directoryBytes
    var position = 0
    let shared = try parseShared(&cursor, at: &position, end: end)

    // A chunk takes 13 bytes here at least: a length and two hashes.
    let count = grid.count
    guard count <= cursor.remaining / 13 else {
      throw ModelError(.malformed, "a directory of \(bytes.byteCount) bytes for \(count) chunks", at: origin)
    }
    var starts: [Int] = [position]
    starts.reserveCapacity(count + 1)
    for _ in 0..<count {
      let length = try cursor.varint("the stored bytes of a chunk")
      guard length <= end - position else {
        throw ModelError(.malformed, "a chunk of \(length) stored bytes, \(end - position) are left", at: cursor.offset)
      }
      position += length
      starts.append(position)
    }
    guard position == end else {
      throw ModelError(.malformed, "chunks fill \(position) of \(end) stored bytes", at: origin)
    }
    var storedHashes: [UInt32] = []
    storedHashes.reserveCapacity(count)
    for _ in 0..<count { storedHashes.append(try cursor.integer(UInt32.self, "a stored hash")) }
    var denseHashes: [UInt64] = []
    denseHashes.reserveCapacity(count)
    for _ in 0..<count { denseHashes.append(try cursor.integer(UInt64.self, "a dense hash")) }
    try cursor.end(of: "the directory")
    return EntryDirectory(
      grid: grid, shared: shared, chunkStarts: starts, storedHashes: storedHashes, denseHashes: denseHashes)
  }

  private static func parseShared(
    _ cursor: inout ByteCursor, at position: inout Int, end: Int
  ) throws(ModelError) -> [SharedStream] {
    var shared: [SharedStream] = []
    var decoded = 0
    for _ in 0..<(try cursor.count("the number of shared streams", unit: 10)) {
      let kind = try cursor.byte("the kind of a shared stream")
      guard kind <= 1 else { throw ModelError(.malformed, "a shared stream of kind \(kind)", at: cursor.offset - 1) }
      let byteCount = try cursor.varint("the size of a shared stream")
      let stored = kind == 1 ? try cursor.varint("the stored size of a shared stream") : byteCount
      guard stored <= end - position, byteCount <= maximumSharedBytes - decoded else {
        throw ModelError(.malformed, "a shared stream of \(byteCount) bytes in \(stored)", at: cursor.offset)
      }
      decoded += byteCount
      shared.append(
        SharedStream(
          byteCount: byteCount, body: position..<(position + stored), isCompressed: kind == 1,
          hash: try cursor.integer(UInt64.self, "the hash of a shared stream")))
      position += stored
    }
    return shared
  }

  private static let maximumSharedBytes = 4 << 20
}
