public import TensorModel

/// Which paths may stand in a packed folder, whoever wrote it and wherever it is unpacked.
public enum RelativePath {
  /// - Throws: `malformed` unless `path` is one or more names of 1 to 255 bytes of UTF-8 with `/` between them, none of
  ///   them `.` or `..`, and without NUL.
  public static func validate(_ path: String) throws(ModelError) {
    for name in path.utf8.split(separator: slash, omittingEmptySubsequences: false) {
      guard let reason = objection(to: name) else { continue }
      throw ModelError(.malformed, "path '\(path)' \(reason)")
    }
  }

  /// - Throws: `malformed`, naming both, where two paths are one, or one is a folder of the other, once letter case is
  ///   folded: on some file systems the second would overwrite the first.
  public static func demandDistinct(_ paths: [String]) throws(ModelError) {
    // With the slash before every other byte, what lies in a folder sorts directly behind a file of the folder's name.
    let folded = paths.indices.map { (utf8: paths[$0].lowercased().utf8.map { $0 == slash ? 0 : $0 }, index: $0) }
      .sorted {
        $0.utf8 == $1.utf8 ? $0.index < $1.index : $0.utf8.lexicographicallyPrecedes($1.utf8)
      }
    for (first, second) in zip(folded, folded.dropFirst()) where second.utf8.starts(with: first.utf8) {
      let (path, other) = (paths[first.index], paths[second.index])
      if first.utf8.count == second.utf8.count {
        throw ModelError(.malformed, "paths '\(path)' and '\(other)' are one, letter case aside")
      }
      if second.utf8[first.utf8.count] == 0 {
        throw ModelError(.malformed, "path '\(path)' is a file and, for '\(other)', a folder")
      }
    }
  }

  /// Whether `name` is that of a file beside another. Names come from strangers: one that left the folder would have us read
  /// any file.
  static func isName(_ name: String) -> Bool {
    let bytes = name.utf8
    return !bytes.isEmpty && bytes.count <= 255 && name != "." && name != ".."
      && !bytes.contains { $0 == slash || $0 == UInt8(ascii: "\\") || $0 == 0 }
  }

  private static let slash = UInt8(ascii: "/")

  /// What forbids `name` as a name between slashes; nil where nothing does.
  private static func objection(to name: Substring.UTF8View) -> String? {
    switch true {
    case name.isEmpty: "is absolute or has an empty name"
    case name.elementsEqual(".".utf8), name.elementsEqual("..".utf8): "has a name '.' or '..'"
    case name.contains(0): "holds a NUL"
    case name.count > 255: "has a name of \(name.count) bytes, expected at most 255"
    default: nil
    }
  }
}
