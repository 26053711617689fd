/// The keys that attributes have as metadata (`formats/hdf5.md`, "Attributes").
///
/// `NAME` of the root group, where the name has no `@`; else `PATH@NAME`, in whose path `%` is `%25` and `@` is `%40`.
package enum HDF5Key {
  /// - Parameters: what the file has, in UTF-8.
  package static func of(_ attribute: String, path: String) -> String {
    guard !path.isEmpty || attribute.utf8.contains(UInt8(ascii: "@")) else { return attribute }
    return escaped(path) + "@" + attribute
  }

  private static func escaped(_ path: String) -> String {
    guard path.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "@") }) else { return path }
    var escaped = ""
    for scalar in path.unicodeScalars {
      switch scalar {
      case "%": escaped += "%25"
      case "@": escaped += "%40"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
