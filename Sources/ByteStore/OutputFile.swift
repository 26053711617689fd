import Glibc
import Synchronization
public import TensorModel

/// A file that is written beside its final place and put into it when it is whole.
///
/// Dropped without `finish`, it leaves nothing. `write(at:)` may be called from any thread.
public final class OutputFile: PositionalOutput {
  public let path: String
  private let overwrite: Bool
  private let partial: PartialFile
  private let isFinished = Atomic<Bool>(false)
  /// Kept, and not used: it can't remove itself before the file is gone from it.
  private nonisolated(unsafe) let folder: OutputFolder?

  private var descriptor: Int32 { partial.descriptor }

  /// Creates the partial file.
  /// - Throws: `cannotCreate` where `path` exists and `overwrite` is false, or nothing can be created there.
  public convenience init(path: String, mode: UInt32 = 0o666, overwrite: Bool = false) throws(ModelError) {
    try self.init(path: path, mode: mode, overwrite: overwrite, in: nil)
  }

  init(path: String, mode: UInt32, overwrite: Bool = false, in folder: OutputFolder?) throws(ModelError) {
    if !overwrite { try OutputPath.demandFree(path) }
    try OutputPath.demandReplaceable(path)
    partial = try PartialFile(besides: path)
    // The umask is known only by setting it; asking for the mode at creation would leave no write permission to us.
    let mask = umask(0)
    umask(mask)
    fchmod(partial.descriptor, mode & ~mask)
    self.path = path
    self.overwrite = overwrite
    unsafe self.folder = folder
  }

  deinit { partial.end(isMoved: isFinished.load(ordering: .relaxed)) }

  /// Writes all of `bytes` at `offset`.
  /// - Throws: `inputOutput`, for instance where the disk is full.
  public func write(_ bytes: RawSpan, at offset: Int) throws(ModelError) {
    let failure: Int32 = unsafe bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let written = unsafe pwrite(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else { return written == 0 ? ENOSPC : errno }
        done += written
      }
      return 0
    }
    guard failure == 0 else { throw writeFailed(failure) }
  }

  /// Sets the length of the file; what was not written reads as zeros and takes no room.
  public func setByteCount(_ count: Int) throws(ModelError) {
    guard ftruncate(descriptor, off_t(count)) == 0 else { throw writeFailed(errno) }
  }

  /// Bytes that the file system could still take.
  public var freeBytes: Int? {
    var status = statvfs()
    guard unsafe fstatvfs(descriptor, &status) == 0 else { return nil }
    let (bytes, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
    return overflow ? .max : bytes
  }

  /// Flushes to the disk and puts the file in its place. Nothing may be written afterwards.
  /// - Throws: `cannotCreate` also where something has come to `path` meanwhile and `overwrite` is false.
  public func finish() throws(ModelError) {
    guard fsync(descriptor) == 0 else { throw writeFailed(errno) }
    try partial.move(to: path, overwrite: overwrite)
    isFinished.store(true, ordering: .relaxed)
  }

  private func writeFailed(_ code: Int32) -> ModelError {
    ModelError(.inputOutput, "writing failed: \(systemMessage(code))")
  }
}

/// Where output may go.
public enum OutputPath {
  /// - Parameter hint: what the user can do about it.
  /// - Throws: `cannotCreate` where something exists at `path`.
  public static func demandFree(
    _ path: String, hint: String = "--force overwrites it"
  ) throws(ModelError) {
    var status = stat()
    if unsafe lstat(path, &status) == 0 { throw ModelError(.cannotCreate, "exists already", hint: hint) }
  }

  /// Only files are replaced: a rename would put a file where a device or a pipe was.
  /// - Throws: `cannotCreate` where something else exists at `path`.
  static func demandReplaceable(_ path: String) throws(ModelError) {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
    throw ModelError(
      .cannotCreate, status.st_mode & S_IFMT == S_IFDIR ? "is a folder" : "is not a regular file")
  }

  /// The folder that holds `path`, ready for a name to be appended.
  static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "./" }
    return String(path[...slash])
  }

  /// A name beside `path` that nobody else uses.
  static func partial(of path: String) -> String {
    // A name may be 255 bytes long; this one stays short whatever the final one is.
    folder(of: path) + prefix + "\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 36))" + suffix
  }

  private static let prefix = ".tare-"
  private static let suffix = ".partial"

  /// Whether a name is one that `partial` gives.
  static func isPartial(_ name: String) -> Bool { name.hasPrefix(prefix) && name.hasSuffix(suffix) }
}
