public import TensorModel

/// The files of a checkpoint folder, as they go into a packed file: the same list for the same folder, always.
///
/// Symbolic links are followed, also out of the folder: the caches of model hubs are made of them. Left out, and listed in
/// `skipped`, are `.git`, hidden folders (caches), partial output of this program, and folders without a file.
public struct FolderScan: Sendable {
  public struct File: Sendable {
    /// With `/` between its parts; has passed `RelativePath.validate`.
    public let relativePath: String
    /// The path to open: the folder's own and `relativePath`.
    public let path: String
    /// The nine permission bits.
    public let mode: UInt32
    public let byteCount: Int
  }

  /// Bytewise by relative path.
  public let files: [File]
  /// Relative paths of what was left out, sorted alike; a folder's ends in `/`.
  public let skipped: [String]

  /// Lists the folder at `path`, which every error names.
  /// - Throws: `missing` for a link to nothing and for what can't be read; `unsupported` for sockets, pipes and devices,
  ///   and for names that are not UTF-8; `malformed` for a folder that leads back into itself, for names that differ in
  ///   letter case alone, and for more than `limits.files` files and folders.
  public init(path: String, limits: Limits = Limits()) throws(ModelError) {
    var walk = Walk(root: asFolder(path), limits: limits)
    try within(path) { () throws(ModelError) in try walk.run() }
    files = walk.files.sorted { ExactName($0.relativePath) < ExactName($1.relativePath) }
    skipped = walk.skipped.map(ExactName.init).sorted().map(\.text)
    try within(path) { [files] () throws(ModelError) in try RelativePath.demandDistinct(files.map(\.relativePath)) }
  }
}

/// The walk through a folder, without recursion: folders wait in a list.
private struct Walk {
  struct Folder {
    /// Empty, or ending in `/`.
    let relativePath: String
    let identity: FileIdentity
    /// Index of the folder that holds it.
    let parent: Int?
    var isEmpty = true
  }

  let root: String
  let limits: Limits
  var folders: [Folder] = []
  var files: [FolderScan.File] = []
  var skipped: [String] = []

  init(root: String, limits: Limits) {
    self.root = root
    self.limits = limits
  }

  mutating func run() throws(ModelError) {
    let status = try FileStatus(path: root)
    guard status.kind == .folder else { throw ModelError(.missing, "is not a folder") }
    folders.append(Folder(relativePath: "", identity: status.identity, parent: nil))
    var next = 0
    while next < folders.count {
      try list(next)
      if folders[next].isEmpty && next > 0 { skipped.append(folders[next].relativePath) }
      next += 1
    }
  }

  private mutating func list(_ folder: Int) throws(ModelError) {
    let prefix = folders[folder].relativePath
    let names = try namesInFolder(root + prefix, limit: limits.files)
    for name in names {
      let relativePath = prefix + name
      let status = try within("'\(relativePath)'") { () throws(ModelError) in try FileStatus(path: root + relativePath)
      }
      if Self.isLeftOut(name, status.kind) {
        skipped.append(status.kind == .folder ? relativePath + "/" : relativePath)
        continue
      }
      folders[folder].isEmpty = false
      try within("'\(relativePath)'") { () throws(ModelError) in try add(relativePath, status, in: folder) }
    }
  }

  private mutating func add(_ relativePath: String, _ status: FileStatus, in folder: Int) throws(ModelError) {
    guard files.count + folders.count < limits.files else {
      throw ModelError(.malformed, "is one of more than \(limits.files) files and folders")
    }
    switch status.kind {
    case .file:
      try RelativePath.validate(relativePath)
      files.append(
        .init(
          relativePath: relativePath, path: root + relativePath, mode: status.mode, byteCount: status.byteCount))
    case .folder:
      var ancestor: Int? = folder
      while let index = ancestor {
        guard folders[index].identity != status.identity else {
          throw ModelError(.malformed, "leads back to a folder that holds it")
        }
        ancestor = folders[index].parent
      }
      folders.append(Folder(relativePath: relativePath + "/", identity: status.identity, parent: folder))
    case .special:
      throw ModelError(.unsupported, "is neither a file nor a folder")
    }
  }

  private static func isLeftOut(_ name: String, _ kind: FileStatus.Kind) -> Bool {
    if name == ".git" { return true }
    return kind == .folder ? name.hasPrefix(".") : name.hasPrefix(".tare-") && name.hasSuffix(".partial")
  }
}
