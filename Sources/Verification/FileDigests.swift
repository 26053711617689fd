import ByteStore
public import Containers
import Packing
import Synchronization
public import TensorModel

/// The SHA-256 of each of a model's files, as `sha256sum` computes it.
public struct FileDigests: Hashable, Sendable {
  public struct File: Hashable, Sendable {
    /// Relative to the folder of the model; the file's own name where there is one.
    public var path: String
    public var byteCount: Int
    public var sha256: SHA256Digest
  }

  public var files: [File]

  /// That of the only file; of several, the SHA-256 of what `sha256sum` prints of them in order: of each a line of the
  /// digest, two spaces, and the path.
  public var sha256: SHA256Digest {
    if files.count == 1 { return files[0].sha256 }
    return SHA256.hash(Array(files.map { "\($0.sha256)  \($0.path)\n" }.joined().utf8))
  }

  /// Reads every file once, one per thread at a time.
  /// - Parameter progress: is told of bytes done, from any thread.
  public static func of(
    _ model: any ContainerReader, threads: Int, progress: @Sendable (Int) -> Void = { _ in }
  ) throws(ModelError) -> FileDigests {
    let paths = model.filePaths
    let names = paths.count == 1 ? [splitPath(paths[0]).name] : model.catalog.files.map(\.path)
    precondition(names.count == paths.count)
    let found = Mutex([File?](repeating: nil, count: paths.count))
    try Pump.run(items: paths.count, threads: threads) { () throws(ModelError) in
    } work: { _, item throws(ModelError) in
      let (byteCount, digest) = try within(paths[item]) { () throws(ModelError) in try hash(paths[item], progress) }
      found.withLock { $0[item] = File(path: names[item], byteCount: byteCount, sha256: digest) }
    }
    return FileDigests(files: found.withLock { $0.compactMap { $0 } })
  }

  private static func hash(
    _ path: String, _ progress: (Int) -> Void
  ) throws(ModelError) -> (byteCount: Int, digest: SHA256Digest) {
    let map = try MappedFile(path: path)
    let buffer = ReadBuffer()
    var hash = SHA256()
    for start in stride(from: 0, to: map.byteCount, by: 1 << 20) {
      let range = start..<min(start + 1 << 20, map.byteCount)
      try map.withBytes(range, through: buffer) { hash.update($0) }
      map.release(range)
      progress(range.count)
    }
    return (map.byteCount, hash.finish())
  }
}
