import Glibc
public import TensorModel

/// A folder that is filled beside its final place and renamed into it when it is whole.
///
/// Dropped without `finish`, it removes what was put into it. Not for concurrent use; the files that it makes are.
public final class OutputFolder {
  public let path: String
  private let partialPath: String
  private var made: [(path: String, isFolder: Bool, token: UInt)] = []
  /// By their bytes: `String` takes two spellings of é for one.
  private var folders: Set<[UInt8]> = []
  private var isFinished = false
  /// Says that the partial folder is being filled; nil where there are no locks.
  private var lock: Int32?
  private static let hint = "a folder is never overwritten"

  /// Creates the partial folder, and removes those beside it that processes have left behind when they were killed.
  /// - Throws: `cannotCreate` where `path` exists (a folder is never merged into or replaced), or nothing can be created.
  public init(path: String) throws(ModelError) {
    try OutputPath.demandFree(path, hint: Self.hint)
    self.path = path
    partialPath = OutputPath.partial(of: path)
    PartialFolder.removeLeftovers(besides: path)
    try makeFolder(partialPath)
    lock = PartialFolder.lock(partialPath)
  }

  deinit {
    defer { if let lock { close(lock) } }
    guard !isFinished else { return }
    for item in made.reversed() {
      _ = unsafe item.isFolder ? rmdir(item.path) : unlink(item.path)
      FaultGuard.forget(item.token)
    }
  }

  /// A file inside, its folders made as needed. `relativePath` must have passed `RelativePath.validate`.
  public func file(_ relativePath: String, mode: UInt32) throws(ModelError) -> OutputFile {
    let parts = relativePath.split(separator: "/", omittingEmptySubsequences: false)
    var folder = partialPath
    for part in parts.dropLast() {
      folder += "/" + part
      if !folders.contains(Array(folder.utf8)) {
        try makeFolder(folder)
        folders.insert(Array(folder.utf8))
      }
    }
    let path = partialPath + "/" + relativePath
    let file = try OutputFile(path: path, mode: mode, in: self)
    made.append((path, false, FaultGuard.willCreate(path: path, isFolder: false)))
    return file
  }

  /// Renames the folder into place. All files must be finished.
  public func finish() throws(ModelError) {
    try OutputPath.demandFree(path, hint: Self.hint)
    guard unsafe rename(partialPath, path) == 0 else {
      throw ModelError(.cannotCreate, "cannot be put in place: \(systemMessage(errno))")
    }
    isFinished = true
    for item in made { FaultGuard.forget(item.token) }
  }

  private func makeFolder(_ path: String) throws(ModelError) {
    let token = FaultGuard.willCreate(path: path, isFolder: true)
    guard unsafe mkdir(path, 0o777) == 0 else {
      let reason = systemMessage(errno)
      FaultGuard.forget(token)
      throw ModelError(.cannotCreate, "cannot be created: \(reason)")
    }
    made.append((path, true, token))
  }
}
