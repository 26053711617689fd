import ByteStore
import TensorModel

/// An output of at most a few megabytes that is kept in memory. For one thread.
final class MemoryOutput: PositionalOutput, @unchecked Sendable {
  private(set) var bytes: [UInt8] = []
  private(set) var isFinished = false

  var path: String { "memory" }
  var freeBytes: Int? { nil }

  func write(_ bytes: RawSpan, at offset: Int) throws(ModelError) {
    precondition(!isFinished && offset + bytes.byteCount <= self.bytes.count, "outside of the size that was set")
    unsafe bytes.withUnsafeBytes { source in
      unsafe self.bytes.withUnsafeMutableBytes {
        unsafe UnsafeMutableRawBufferPointer(rebasing: $0[offset...]).copyMemory(from: source)
      }
    }
  }

  func setByteCount(_ count: Int) throws(ModelError) { bytes = [UInt8](repeating: 0, count: count) }

  func finish() throws(ModelError) { isFinished = true }
}
