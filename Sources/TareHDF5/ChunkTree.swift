import Glibc
import HDF5Protocol
import TensorModel

/// The chunks of a dataset as its B-tree of version 1 lists them, read from the file itself: the index that files have by
/// default (HDF5 file format, "Version 1 B-trees" and "Data Layout Message").
///
/// The library tells of chunks one by one and goes through all before each, so that many take it minutes; here each is
/// looked at once. Whatever is not as it should be is nil, and the library is asked.
struct ChunkTree {
  /// Open to be read; addresses count from `base`, where the user block ends.
  private let descriptor: Int32
  private let base: UInt64
  private let rank: Int
  private var chunks: [FoundChunk] = []
  private let count: Int
  /// Nodes that may still be looked at.
  private var nodesLeft: Int

  /// All chunks in the order of the tree.
  /// - Parameters:
  ///   - header: where the dataset's header lies.
  ///   - count: how many chunks there are.
  static func chunks(
    _ descriptor: Int32, base: UInt64, header: UInt64, rank: Int, count: Int
  ) -> [FoundChunk]? {
    guard let root = ChunkHeader(descriptor, base: base).tree(of: header, rank: rank) else { return nil }
    var tree = ChunkTree(descriptor: descriptor, base: base, rank: rank, count: count, nodesLeft: 64 + 2 * count)
    guard tree.walk(root, level: nil), tree.chunks.count == count else { return nil }
    return tree.chunks
  }

  /// Takes what lies in a node. Its level goes down, so there is an end to it.
  private mutating func walk(_ node: UInt64, level: UInt8?) -> Bool {
    nodesLeft -= 1
    guard nodesLeft >= 0, let head = bytes(of: descriptor, at: base &+ node, 24), head[..<4] == Array("TREE".utf8)[...],
      head[4] == 1,
      level.map({ head[5] == $0 }) ?? (head[5] < 32)
    else { return false }
    let (entries, keyBytes) = (Int(head.integer(6, bytes: 2)), 8 + 8 * (rank + 1))
    guard let body = bytes(of: descriptor, at: base &+ node &+ 24, entries * (keyBytes + 8)) else { return false }
    for entry in 0..<entries {
      let key = entry * (keyBytes + 8)
      let child = body.integer(key + keyBytes, bytes: 8)
      if head[5] > 0 {
        guard walk(child, level: head[5] - 1) else { return false }
        continue
      }
      guard chunks.count < count else { return false }
      chunks.append(
        FoundChunk(
          place: (0..<rank).map { body.integer(key + 8 + 8 * $0, bytes: 8) }, address: child,
          byteCount: body.integer(key, bytes: 4), mask: UInt32(body.integer(key + 4, bytes: 4))))
    }
    return true
  }
}

/// The header of a dataset, of version 1, in which the root of its B-tree is looked up.
private struct ChunkHeader {
  private let descriptor: Int32
  private let base: UInt64

  init(_ descriptor: Int32, base: UInt64) {
    self.descriptor = descriptor
    self.base = base
  }

  private static let (layoutMessage, continuationMessage) = (UInt64(8), UInt64(16))
  private static let mostBlocks = 64
  private static let mostBlockBytes = 1 << 20

  /// Where the tree begins; nil where the dataset has another index, or another header.
  func tree(of header: UInt64, rank: Int) -> UInt64? {
    guard let head = bytes(of: descriptor, at: base &+ header, 16), head[0] == 1 else { return nil }
    var blocks = [(header &+ 16, Int(head.integer(8, bytes: 4)))]
    var next = 0
    while next < blocks.count, next < Self.mostBlocks {
      let (place, size) = blocks[next]
      next += 1
      guard size <= Self.mostBlockBytes, let block = bytes(of: descriptor, at: base &+ place, size) else { return nil }
      var message = 0
      while message + 8 <= block.count {
        let (kind, size) = (block.integer(message, bytes: 2), Int(block.integer(message + 2, bytes: 2)))
        guard message + 8 + size <= block.count else { return nil }
        let body = Array(block[(message + 8)..<(message + 8 + size)])
        if kind == Self.layoutMessage { return root(body, rank: rank) }
        if kind == Self.continuationMessage, size >= 16 {
          blocks.append((body.integer(0, bytes: 8), Int(truncatingIfNeeded: body.integer(8, bytes: 8) & 0x7FFF_FFFF)))
        }
        message += 8 + size
      }
    }
    return nil
  }

  /// Of a layout message of version 3 and the class of chunks: dimensions and one more, the tree's address.
  private func root(_ message: [UInt8], rank: Int) -> UInt64? {
    guard message.count >= 11, message[0] == 3, message[1] == 2, Int(message[2]) == rank + 1 else { return nil }
    return message.integer(3, bytes: 8)
  }
}

/// Bytes of a file; nil where it does not have them all.
private func bytes(of descriptor: Int32, at place: UInt64, _ count: Int) -> [UInt8]? {
  guard let place = off_t(exactly: place) else { return nil }
  var bytes = [UInt8](repeating: 0, count: count)
  let read = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, count, place) }
  return read == count ? bytes : nil
}

extension [UInt8] {
  /// A little-endian integer.
  fileprivate func integer(_ place: Int, bytes count: Int) -> UInt64 {
    (0..<count).reversed().reduce(0) { $0 << 8 | UInt64(self[place + $1]) }
  }
}
