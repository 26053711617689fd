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
    /// Bytes of chunks that were dropped: fresh memory is slower than decoding into what was touched before.
    var spares: [[UInt8]] = []

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
        // Who decodes it at this moment keeps it.
        let dropped = slot.slot.bytes.withLockIfAvailable { bytes in
          defer { bytes = nil }
          return bytes
        }
        if let dropped = dropped ?? nil, spares.count < HDF5ChunkCache.mostSpares { spares.append(dropped) }
      }
    }

    /// Bytes to decode into, as many as asked for; none where there are none of that size.
    mutating func takeSpare(_ byteCount: Int) -> [UInt8] {
      while let spare = spares.popLast() {
        if spare.count == byteCount { return spare }
      }
      return []
    }
  }

  /// Of decoded bytes in any case, and at most.
  private static let (leastBytes, mostBytes) = (32 << 20, 384 << 20)

  /// Half of the least is dropped at a time; of chunks of 1 MiB these are as many.
  private static let mostSpares = 16

  private let state = Mutex(State())

  /// The bytes of a chunk.
  /// - Parameters:
  ///   - byteCount: how many they are.
  ///   - wanted: how many bytes are worth keeping: as long as so many others were not asked for, a chunk is kept, within
  ///     the cache's own bounds.
  ///   - decode: gives them where they are not there; it gets an array of that size whose elements are no matter, or an
  ///     empty one.
  func bytes(
    of key: Key, byteCount: Int, keeping wanted: Int, decode: (consuming [UInt8]) throws(ModelError) -> [UInt8]
  ) throws(ModelError) -> [UInt8] {
    let slot = state.withLock { $0.slot(key, byteCount, limit: min(max(wanted, Self.leastBytes), Self.mostBytes)) }
    return try slot.bytes.withLock { (bytes) throws(ModelError) in
      if let bytes { return bytes }
      let decoded = try decode(state.withLock { $0.takeSpare(byteCount) })
      bytes = decoded
      return decoded
    }
  }
}
