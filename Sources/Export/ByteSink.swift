public import ByteStore
import Glibc
public import TensorModel

/// Where exported bytes go, front to back.
public protocol ByteSink: AnyObject {
  /// Takes all of `bytes`.
  func write(_ bytes: RawSpan) throws(ModelError)
}

/// Writes to a file, which errors name, and which its owner's `finish` puts into its place.
public final class FileSink: ByteSink {
  private let file: OutputFile
  /// Bytes written so far.
  public private(set) var byteCount = 0

  public init(_ file: OutputFile) { self.file = file }

  public func write(_ bytes: RawSpan) throws(ModelError) {
    try within(file.path) { () throws(ModelError) in try file.write(bytes, at: byteCount) }
    byteCount += bytes.byteCount
  }
}

/// Writes to an open file descriptor, such as standard output. The descriptor stays open.
public final class DescriptorSink: ByteSink {
  private let descriptor: Int32

  public init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// - Throws: `inputOutput`; where nobody reads the pipe any more, SIGPIPE comes first unless it is ignored.
  public func write(_ bytes: RawSpan) throws(ModelError) {
    let failure: Int32 = unsafe bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let written = unsafe Glibc.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else { return written == 0 ? EIO : errno }
        done += written
      }
      return 0
    }
    guard failure == 0 else {
      throw ModelError(.inputOutput, "writing failed: \(unsafe String(cString: strerror(failure)))")
    }
  }
}
