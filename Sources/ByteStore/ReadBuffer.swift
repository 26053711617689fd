import Glibc

/// Memory through which one worker reads a file: `MappedFile.withBytes(_:through:)`.
///
/// It grows to the largest range asked for and lives as long as the worker, for fresh pages are slower than copying.
@safe public final class ReadBuffer {
  /// As many bytes as the largest chunk has; larger ranges are lent from the map.
  static let maximumByteCount = 8 << 20

  private var memory: UnsafeMutableRawPointer?
  private var capacity = 0
  /// Whether the bytes are lent to somebody, who would see the next ones instead.
  private var isLent = false

  public init() {}

  deinit { unsafe free(memory) }

  /// Fills the first `byteCount` bytes by `read` and lends them.
  /// - Returns: nil where the bytes are lent already, or there is no memory for them.
  func lend<Result: ~Copyable, Failure: Error>(
    _ byteCount: Int, _ body: (UnsafeMutableRawPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard !isLent, let memory = unsafe room(byteCount) else { return nil }
    isLent = true
    defer { isLent = false }
    return try unsafe body(memory)
  }

  private func room(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    if byteCount > capacity {
      // Huge pages spare the first touch of each small one, and later the processor's look-ups.
      let huge = 2 << 20
      let size = byteCount > huge / 2 ? (byteCount + huge - 1) / huge * huge : (byteCount + 4095) / 4096 * 4096
      unsafe free(memory)
      unsafe memory = aligned_alloc(size >= huge ? huge : 4096, size)
      capacity = unsafe memory == nil ? 0 : size
      if size >= huge, let memory = unsafe memory { unsafe madvise(memory, size, MADV_HUGEPAGE) }
    }
    return unsafe memory
  }
}
