import CFuzzing
import Glibc

/// A file without a place on any disk, written anew for each input: readers open it by a path like any other.
public final class MemoryFile {
  private let descriptor: Int32

  /// What readers open.
  public var path: String { "/proc/self/fd/\(descriptor)" }

  public init() {
    descriptor = unsafe memfd_create("input", 0)
    precondition(descriptor >= 0, "no memory file")
  }

  public func write(_ bytes: RawSpan) {
    precondition(ftruncate(descriptor, 0) == 0)
    let written = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    precondition(written == bytes.byteCount)
  }
}
