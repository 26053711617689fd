import ByteStore
import Glibc
import Synchronization
import TensorModel

/// The one way to standard output: buffered, and nothing that goes wrong is lost.
///
/// Where the reader has gone away, the process ends by SIGPIPE: exit 141.
final class StandardOutput: Sendable {
  static let shared = StandardOutput(descriptor: STDOUT_FILENO)

  private static let bufferBytes = 1 << 16
  private let descriptor: Int32
  private let buffer = Mutex<[UInt8]>([])

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// - Throws: `inputOutput`, for instance where the disk is full.
  func write(_ text: String) throws(ModelError) {
    try unsafe write(text.utf8Span.span.bytes)
  }

  /// - Throws: `inputOutput`
  func write(_ bytes: RawSpan) throws(ModelError) {
    try send { pending in
      if pending.count + bytes.byteCount > Self.bufferBytes {
        if let failure = unsafe put(pending.span.bytes) { return failure }
        pending.removeAll(keepingCapacity: true)
        if bytes.byteCount > Self.bufferBytes { return put(bytes) }
      }
      unsafe bytes.withUnsafeBytes { unsafe pending.append(contentsOf: $0) }
      return nil
    }
  }

  /// Hands what is buffered to the system.
  /// - Throws: `inputOutput`
  func flush() throws(ModelError) {
    try send { pending in
      defer { pending.removeAll(keepingCapacity: true) }
      return unsafe put(pending.span.bytes)
    }
  }

  private func send(_ body: (inout [UInt8]) -> Int32?) throws(ModelError) {
    guard let failure = buffer.withLock({ body(&$0) }) else { return }
    buffer.withLock { $0.removeAll() }
    throw ModelError(.inputOutput, "standard output: writing failed: \(systemMessage(failure))")
  }

  /// Writes all of `bytes`; gives the error number where that fails.
  private func put(_ bytes: RawSpan) -> Int32? {
    unsafe bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let written = unsafe Glibc.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
        if written > 0 {
          done += written
        } else if errno == EPIPE {
          raise(SIGPIPE)
          return EPIPE
        } else if errno != EINTR {
          return errno
        }
      }
      return nil
    }
  }
}
