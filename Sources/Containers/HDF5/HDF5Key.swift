/// The keys that attributes have as metadata (`formats/hdf5.md`, "Attributes").
///
/// `NAME` of the root group, where the name has no `@`; else `PATH@NAME`, in whose path `%` is `%25` and `@` is `%40`.
package enum HDF5Key {
  /// - Parameters: what the file has, in UTF-8.
  package static func of(_ attribute: String, path: String) -> String {
    guard !path.isEmpty || attribute.utf8.contains(UInt8(ascii: "@")) else { return attribute }
    return escaped(path) + "@" + attribute
  }

  /// The object and the attribute that have that key; nil where none can.
  static func parse(_ key: String) -> (path: String, attribute: String)? {
    let parts = key.utf8.split(separator: UInt8(ascii: "@"), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return ("", key) }
    var path: [UInt8] = []
    var rest = parts[0]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        path.append(byte)
        continue
      }
      path.append(rest.starts(with: "40".utf8) ? UInt8(ascii: "@") : byte)
      rest = rest.dropFirst(2)
    }
    let names = (path: String(decoding: path, as: UTF8.self), attribute: String(decoding: parts[1], as: UTF8.self))
    // What is not written so is no such key.
    return of(names.attribute, path: names.path).utf8.elementsEqual(key.utf8) ? names : nil
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
