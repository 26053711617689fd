import Glibc
package import TensorModel

/// A file without a name, which is gone with its last user, also when the process is killed.
///
/// It lies in the folder that the environment variable `TMPDIR` names, else in `/var/tmp`, which is on a disk where `/tmp`
/// may be in memory.
package final class TemporaryFile: Sendable {
  private let descriptor: Int32
  /// How others open it, for as long as this object lives; also other processes of the same user.
  package let path: String

  /// Makes an empty file that has room for `byteCount` bytes.
  /// - Throws: `cannotCreate` where there is no such folder or no such room.
  package init(byteCount: Int) throws(ModelError) {
    let folder = Self.folder
    guard let descriptor = PartialFile.openNameless(in: folder) else {
      throw ModelError(
        .cannotCreate, "no temporary file can be made in '\(folder)'", hint: "set TMPDIR to a folder on a disk")
    }
    let status = byteCount > 0 ? posix_fallocate(descriptor, 0, off_t(byteCount)) : 0
    guard status == 0 else {
      close(descriptor)
      throw ModelError(
        .cannotCreate, "no room for \(byteCount) bytes in '\(folder)': \(systemMessage(status))",
        hint: "set TMPDIR to a folder on a disk with more room")
    }
    self.descriptor = descriptor
    path = "/proc/\(getpid())/fd/\(descriptor)"
  }

  deinit { close(descriptor) }

  private static var folder: String {
    if let named = unsafe getenv("TMPDIR"), unsafe named.pointee != 0 { return unsafe String(cString: named) }
    return "/var/tmp"
  }

  /// - Throws: `inputOutput`.
  package func write(_ bytes: RawSpan, at offset: Int) throws(ModelError) {
    try unsafe bytes.withUnsafeBytes { (bytes) throws(ModelError) in
      var done = 0
      while done < bytes.count {
        let count = unsafe pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else {
          throw ModelError(.inputOutput, "a temporary file cannot be written: \(systemMessage(errno))")
        }
        done += count
      }
    }
  }
}
