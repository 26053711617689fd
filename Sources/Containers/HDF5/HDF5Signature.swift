import TensorModel

/// How HDF5 files begin: with a signature, at 0 or behind a user block of 512, 1024, 2048 … bytes.
package enum HDF5Signature {
  private static let bytes: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Whether the signature stands in `start`, a file's first bytes, where it may.
  package static func isIn(_ start: RawSpan) -> Bool { place(in: start) != nil }

  /// Where the signature stands, which is the size of the user block.
  /// - Throws: `malformed` where there is no signature; `unsupported` where the superblock behind it is of a version that
  ///   libhdf5 1.10 does not know.
  static func prove(_ file: RawSpan) throws(ModelError) -> Int {
    guard let place = place(in: file), place + bytes.count < file.byteCount else {
      throw ModelError(.malformed, "expected the signature of HDF5")
    }
    let version = unsafe file.unsafeLoad(fromByteOffset: place + bytes.count, as: UInt8.self)
    guard version <= latestVersion else {
      throw ModelError(
        .unsupported, "superblock version \(version), known: 0 to \(latestVersion)", at: place + bytes.count)
    }
    return place
  }

  private static let latestVersion = 3

  private static func place(in start: RawSpan) -> Int? {
    var place = 0
    while place + bytes.count <= start.byteCount {
      let isThere = bytes.indices.allSatisfy {
        unsafe start.unsafeLoad(fromByteOffset: place + $0, as: UInt8.self) == bytes[$0]
      }
      if isThere { return place }
      place = max(512, 2 * place)
    }
    return nil
  }
}
