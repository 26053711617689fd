import Glibc

/// Partial folders on the disk: locked while somebody fills them, removed when nobody does any more.
///
/// The kernel drops a lock with its process, however that ends; so a partial folder without one was left behind.
enum PartialFolder {
  /// Seconds after which a folder without a lock counts as left behind: it has none for a moment when it is made.
  private static let graceSeconds = 60
  /// How deep folders are removed; ours hold what models' folders hold.
  private static let maximumDepth = 64

  /// Locks the folder at `path` for as long as the descriptor stays open; nil where the file system has no locks.
  static func lock(_ path: String) -> Int32? {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
    close(descriptor)
    return nil
  }

  /// Removes the partial folders beside `path` that were left behind. What cannot be removed stays.
  static func removeLeftovers(besides path: String) {
    let folder = OutputPath.folder(of: path)
    for name in unsafe names(in: opendir(folder)) where OutputPath.isPartial(name) {
      let leftover = folder + name
      guard isOld(leftover), let descriptor = lock(leftover) else { continue }
      empty(descriptor, depth: 0)
      unsafe rmdir(leftover)
      close(descriptor)
    }
  }

  /// Whether it is a folder of this user's that has not been touched for a while.
  private static func isOld(_ path: String) -> Bool {
    var status = stat()
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
      return false
    }
    return time(nil) - status.st_mtim.tv_sec > graceSeconds
  }

  /// Removes what is in an open folder; links are removed, not followed.
  private static func empty(_ folder: Int32, depth: Int) {
    guard depth < maximumDepth else { return }
    for name in unsafe names(in: fdopendir(dup(folder))) {
      guard unsafe unlinkat(folder, name, 0) != 0 else { continue }
      let inner = unsafe openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard inner >= 0 else { continue }
      empty(inner, depth: depth + 1)
      close(inner)
      unsafe unlinkat(folder, name, AT_REMOVEDIR)
    }
  }

  /// The names in an open stream of a folder, which is closed.
  private static func names(in stream: OpaquePointer?) -> [String] {
    guard let stream = unsafe stream else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe String(cString: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
