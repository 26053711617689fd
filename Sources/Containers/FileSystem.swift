import ByteStore
import Glibc
package import TensorModel

/// What the system says of a file, symbolic links followed.
package struct FileStatus: Sendable {
  package enum Kind: Sendable {
    case file
    case folder
    /// A socket, a pipe or a device.
    case special
  }

  package let kind: Kind
  /// The nine permission bits.
  package let mode: UInt32
  package let byteCount: Int
  package let identity: FileIdentity

  /// - Throws: `missing` where there is nothing, or a link to nothing.
  package init(path: String) throws(ModelError) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw ModelError(.missing, "cannot be opened: \(systemMessage(errno))")
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: kind = .file
    case S_IFDIR: kind = .folder
    default: kind = .special
    }
    mode = status.st_mode & 0o777
    byteCount = Int(status.st_size)
    identity = FileIdentity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
  }

  /// Whether a regular file is at `path`.
  package static func isFile(_ path: String) -> Bool {
    guard let status = try? FileStatus(path: path) else { return false }
    return status.kind == .file
  }
}

/// What makes two paths the same file.
package struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  let number: UInt64
}

/// The names in the folder at `path`, bytewise sorted, without `.` and `..`.
/// - Throws: `missing` where it can't be read, `unsupported` for a name that is not UTF-8, `malformed` where it holds more
///   than `limit` names.
package func namesInFolder(_ path: String, limit: Int) throws(ModelError) -> [String] {
  guard let folder = unsafe opendir(path) else {
    throw ModelError(.missing, "cannot be read: \(systemMessage(errno))")
  }
  defer { unsafe closedir(folder) }
  var names: [ExactName] = []
  errno = 0
  while let entry = unsafe readdir(folder) {
    // The record may end before the declared 256 bytes of a name do: only the bytes before the NUL are looked at.
    let offset = MemoryLayout<dirent>.offset(of: \.d_name)!
    let start = unsafe UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
    guard let name = unsafe String(validatingCString: start) else {
      throw unsafe ModelError(.unsupported, "holds a name that is not UTF-8: '\(String(cString: start))'")
    }
    if name != "." && name != ".." { names.append(ExactName(name)) }
    guard names.count <= limit else { throw ModelError(.malformed, "holds more than \(limit) files") }
    errno = 0
  }
  guard errno == 0 else { throw ModelError(.inputOutput, "cannot be read: \(systemMessage(errno))") }
  return names.sorted().map(\.text)
}

/// The folder part of `path`, ready for a name to be appended, and the name.
package func splitPath(_ path: String) -> (folder: String, name: String) {
  guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
  return (String(path[...slash]), String(path[path.utf8.index(after: slash)...]))
}

/// `path` with a slash behind it.
package func asFolder(_ path: String) -> String { path.utf8.last == UInt8(ascii: "/") ? path : path + "/" }
