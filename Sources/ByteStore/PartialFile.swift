import Glibc
import TensorModel

/// A file that is not in its place yet.
///
/// Where the file system can do that it has no name until it is whole, so that nothing is left of it even when the process
/// is killed; elsewhere it has one beside its place, which `FaultGuard` removes.
struct PartialFile: Sendable {
  let descriptor: Int32
  /// Nil while it has no name.
  private let named: (path: String, token: UInt)?

  /// Creates it where it can be moved to `path` later.
  init(besides path: String) throws(ModelError) {
    if let descriptor = Self.openNameless(in: OutputPath.folder(of: path)) {
      self.descriptor = descriptor
      named = nil
      return
    }
    let partial = OutputPath.partial(of: path)
    let token = FaultGuard.willCreate(path: partial, isFolder: false)
    descriptor = unsafe open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let reason = systemMessage(errno)
      FaultGuard.forget(token)
      throw ModelError(.cannotCreate, "cannot be created: \(reason)")
    }
    named = (partial, token)
  }

  /// Linux's O_TMPFILE, which Glibc shows only to GNU sources.
  private static let temporary = 0o20_000_000 | O_DIRECTORY

  /// A file without a name on the file system of `folder`; nil where that is not to be had.
  static func openNameless(in folder: String) -> Int32? {
    let descriptor = unsafe open(folder, temporary | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    // By this path it gets its name in the end.
    if unsafe access(path(of: descriptor), F_OK) == 0 { return descriptor }
    Glibc.close(descriptor)
    return nil
  }

  private static func path(of descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

  /// Gives it its place, in one step.
  /// - Parameter overwrite: whether what is there is replaced.
  /// - Throws: `cannotCreate`.
  func move(to path: String, overwrite: Bool) throws(ModelError) {
    if let named { return try Self.rename(named.path, to: path, named.token) }
    if !overwrite {
      guard link(to: path) else {
        if errno == EEXIST { try OutputPath.demandFree(path) }
        throw Self.cannotBePlaced(errno)
      }
      return
    }
    // Only a rename replaces, and it wants a name to begin with.
    let partial = OutputPath.partial(of: path)
    let token = FaultGuard.willCreate(path: partial, isFolder: false)
    guard link(to: partial) else {
      let error = Self.cannotBePlaced(errno)
      FaultGuard.forget(token)
      throw error
    }
    do throws(ModelError) {
      try Self.rename(partial, to: path, token)
    } catch {
      unsafe unlink(partial)
      FaultGuard.forget(token)
      throw error
    }
  }

  /// Closes it, and removes it unless it was moved.
  func end(isMoved: Bool) {
    Glibc.close(descriptor)
    guard let named, !isMoved else { return }
    unsafe unlink(named.path)
    FaultGuard.forget(named.token)
  }

  private func link(to path: String) -> Bool {
    unsafe linkat(AT_FDCWD, Self.path(of: descriptor), AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
  }

  private static func rename(_ partial: String, to path: String, _ token: UInt) throws(ModelError) {
    guard unsafe Glibc.rename(partial, path) == 0 else { throw cannotBePlaced(errno) }
    FaultGuard.forget(token)
  }

  private static func cannotBePlaced(_ code: Int32) -> ModelError {
    ModelError(.cannotCreate, "cannot be put in place: \(systemMessage(code))")
  }
}
