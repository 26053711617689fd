public import ByteStore
public import Containers
public import TensorModel

/// What is to be packed: one model file, or the files of a folder or of a sharded checkpoint.
public struct PackSource: Sendable {
  /// One file, and where its tensors lie in it.
  public struct File: Sendable {
    /// The path inside the packed folder; empty for a single file.
    public let path: String
    public let mode: UInt32
    public let byteCount: Int
    let content: Content
  }

  enum Content: Sendable {
    case safetensors(SafetensorsFile)
    /// A file of which only the bytes count; it is mapped when they are needed.
    case opaque(path: String)
  }

  public let isFolder: Bool
  public let files: [File]
  /// Remarks for the user: what was skipped, what is no model although it looks like one.
  public let notes: [String]

  public var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  /// Opens the model file, the index of a sharded checkpoint with its shards, or the folder at `path`.
  /// - Throws: `missing`, or `malformed` where a single file is no model or a broken one. In a folder, files that are
  ///   no sound model are kept as bytes.
  public static func open(path: String, limits: Limits = Limits()) throws(ModelError) -> PackSource {
    if FileKind.isFolder(path) { return try folder(path, limits) }
    if let shards = try SafetensorsModel.shards(ofIndex: path, limits: limits) {
      return try index(path, shards: shards, limits)
    }
    let file = try singleFile(path, limits)
    return PackSource(isFolder: false, files: [file], notes: [])
  }

  private static func singleFile(_ path: String, _ limits: Limits) throws(ModelError) -> File {
    let (byteCount, isPacked) = try within(path) { () throws(ModelError) in
      let map = try MappedFile(path: path)
      return (map.byteCount, try map.withBytes(0..<min(map.byteCount, 4096)) { PackedFile.recognises($0) })
    }
    guard !isPacked else {
      throw try within(path) { () throws(ModelError) -> ModelError in throw ModelError(.usage, "is packed already") }
    }
    return File(path: "", mode: 0, byteCount: byteCount, content: .safetensors(try SafetensorsFile(path: path, limits: limits)))
  }

  private static func index(_ path: String, shards: [String], _ limits: Limits) throws(ModelError) -> PackSource {
    var notes: [String] = []
    var files: [File] = []
    for file in [path] + shards {
      let (byteCount, mode) = try within(file) { () throws(ModelError) in
        let map = try MappedFile(path: file)
        return (map.byteCount, map.mode)
      }
      let name = file.split(separator: "/").last.map(String.init) ?? file
      files.append(
        try member(path: file, relativePath: name, mode: mode, byteCount: byteCount, limits: limits, notes: &notes))
    }
    return PackSource(isFolder: true, files: files, notes: notes)
  }

  private static func folder(_ path: String, _ limits: Limits) throws(ModelError) -> PackSource {
    let scan = try FolderScan(path: path, limits: limits)
    guard !scan.files.isEmpty else {
      throw try within(path) { () throws(ModelError) -> ModelError in throw ModelError(.missing, "holds no files") }
    }
    try RelativePath.demandDistinct(scan.files.map(\.relativePath))
    var notes = scan.skipped.map { "'\($0)' is hidden and left out" }
    var files: [File] = []
    for file in scan.files {
      files.append(
        try member(
          path: file.path, relativePath: file.relativePath, mode: file.mode, byteCount: file.byteCount, limits: limits,
          notes: &notes))
    }
    return PackSource(isFolder: true, files: files, notes: notes)
  }

  private static func member(
    path: String, relativePath: String, mode: UInt32, byteCount: Int, limits: Limits, notes: inout [String]
  ) throws(ModelError) -> File {
    var content = Content.opaque(path: path)
    if relativePath.hasSuffix(".safetensors") {
      do throws(ModelError) {
        content = .safetensors(try SafetensorsFile(path: path, limits: limits))
      } catch {
        guard error.code == .malformed || error.code == .unsupported else { throw error }
        notes.append("'\(relativePath)' is stored as bytes: \(error.message)")
      }
    }
    return File(path: relativePath, mode: mode & 0o777, byteCount: byteCount, content: content)
  }
}

extension PackSource.File {
  /// Lends a range of the file's bytes, to be read from front to back.
  func withBytes<Result>(
    _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    switch content {
    case .safetensors(let file): return try file.map.withPopulatedBytes(range, body)
    case .opaque(let path):
      return try within(path) { () throws(ModelError) in
        let map = try MappedFile(path: path)
        guard map.byteCount == byteCount else { throw ModelError(.inputOutput, "changed while it was read") }
        return try map.withPopulatedBytes(range, body)
      }
    }
  }

  /// Gives back the memory of a range that was read.
  func release(_ range: Range<Int>) {
    if case .safetensors(let file) = content { file.map.release(range) }
  }
}
