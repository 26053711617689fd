import Kernels
import TensorModel

/// The digest of a file: XXH3 over the length and XXH3 of its pieces in order (`formats/packed.md`, section 4).
///
/// Where a chunk is a piece its own hash serves, so the bytes are hashed once.
struct FileDigest {
  private var state = XXH3()

  mutating func append(byteCount: Int, hash: UInt64) {
    guard byteCount > 0 else { return }
    state.update(littleEndian: UInt64(byteCount))
    state.update(littleEndian: hash)
  }

  mutating func append(_ directory: EntryDirectory) {
    for (chunk, hash) in directory.denseHashes.enumerated() {
      append(byteCount: directory.grid.bytes(ofChunk: chunk).count, hash: hash)
    }
  }

  var value: UInt64 { state.value }
}
