/// Memory that is used again and again: it grows to the largest size asked of it and is never cleared.
///
/// Fresh pages are several times slower than touched ones, so a worker keeps its buffers for its whole life. Aligned to a
/// cache line, with 64 readable bytes past what was asked for.
@safe package final class ScratchBuffer {
  private var memory: UnsafeMutableRawPointer?
  private var capacity = 0

  package init() {}

  deinit { unsafe memory?.deallocate() }

  /// At least `byteCount` bytes. What was in the buffer may be lost.
  @unsafe package func bytes(_ byteCount: Int) -> UnsafeMutablePointer<UInt8> {
    unsafe raw(byteCount).assumingMemoryBound(to: UInt8.self)
  }

  @unsafe package func raw(_ byteCount: Int) -> UnsafeMutableRawPointer {
    if unsafe byteCount > capacity || memory == nil { replace(with: byteCount, keeping: 0) }
    return unsafe memory!
  }

  /// At least `byteCount` bytes, the first `kept` of which are as they were.
  @unsafe package func grown(to byteCount: Int, keeping kept: Int) -> UnsafeMutableRawPointer {
    if unsafe byteCount > capacity || memory == nil { replace(with: max(byteCount, capacity * 2), keeping: kept) }
    return unsafe memory!
  }

  package var byteCount: Int { capacity }

  private func replace(with byteCount: Int, keeping kept: Int) {
    let size = (byteCount + 64 + 4095) & ~4095
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    if let old = unsafe memory {
      if kept > 0 { unsafe fresh.copyMemory(from: old, byteCount: kept) }
      unsafe old.deallocate()
    }
    unsafe memory = unsafe fresh
    capacity = size - 64
  }
}
