import Synchronization
import TensorModel

/// The decoded chunks that were used last, for all workers: they read beside each other, and a chunk of several dimensions
/// has something for each of them. It is decoded once, by the first who comes; the others wait.
final class HDF5ChunkCache: Sendable {
  /// Which chunk of which tensor.
  struct Key: Hashable {
    var tensor: Int
    var chunk: Int
  }

  private final class Slot: Sendable {
    let bytes = Mutex<[UInt8]?>(nil)
  }

  private struct State {
    var slots: [Key: (slot: Slot, byteCount: Int, use: Int)] = [:]
    var byteCount = 0
    var uses = 0

    /// The slot of a chunk, which is the latest then; the earliest go where there are more than `limit` bytes.
    mutating func slot(_ key: Key, _ byteCount: Int, limit: Int) -> Slot {
      uses += 1
      if let found = slots[key]?.slot {
        slots[key]?.use = uses
        return found
      }
      if self.byteCount + byteCount > limit { forget(downTo: limit / 2) }
      let slot = Slot()
      slots[key] = (slot, byteCount, uses)
      self.byteCount += byteCount
      return slot
    }

    /// Drops the earliest, many at a time, since to find them takes a look at all.
    private mutating func forget(downTo limit: Int) {
      for (key, slot) in slots.sorted(by: { $0.value.use < $1.value.use }) where byteCount > limit {
        byteCount -= slot.byteCount
        slots[key] = nil
      }
    }
  }

  /// Of decoded bytes in any case, and at most.
  private static let (leastBytes, mostBytes) = (32 << 20, 384 << 20)

  private let state = Mutex(State())

  /// The bytes of a chunk.
  /// - Parameters:
  ///   - byteCount: how many they are.
  ///   - wanted: how many bytes are worth keeping: as long as so many others were not asked for, a chunk is kept, within
  ///     the cache's own bounds.
  ///   - decode: gives them where they are not there.
  func bytes(
    of key: Key, byteCount: Int, keeping wanted: Int, decode: () throws(ModelError) -> [UInt8]
  ) throws(ModelError) -> [UInt8] {
    let slot = state.withLock { $0.slot(key, byteCount, limit: min(max(wanted, Self.leastBytes), Self.mostBytes)) }
    return try slot.bytes.withLock { (bytes) throws(ModelError) in
      if let bytes { return bytes }
      let decoded = try decode()
      bytes = decoded
      return decoded
    }
  }
}
