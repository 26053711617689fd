import TensorModel

/// How HDF5 files begin: with a signature, at 0 or behind a user block of 512, 1024, 2048 … bytes.
package enum HDF5Signature {
  private static let bytes: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Whether the signature stands in `start`, a file's first bytes, where it may.
  package static func isIn(_ start: RawSpan) -> Bool { place(in: start) != nil }

  /// Where the signature stands, which is the size of the user block.
  /// - Throws: `malformed` where there is no signature, or the file is cut off; `unsupported` where the superblock behind it
  ///   is of a version that libhdf5 1.10 does not know.
  static func prove(_ file: RawSpan) throws(ModelError) -> Int {
    guard let place = place(in: file), place + bytes.count < file.byteCount else {
      throw ModelError(.malformed, "expected the signature of HDF5")
    }
    let version = unsafe file.unsafeLoad(fromByteOffset: place + bytes.count, as: UInt8.self)
    guard version <= latestVersion else {
      throw ModelError(
        .unsupported, "superblock version \(version), known: 0 to \(latestVersion)", at: place + bytes.count)
    }
    try demandWhole(file, at: place, version)
    return place
  }

  /// Demands that the file reaches to where the superblock says that it ends, which one that was not copied to its end does
  /// not. Superblocks that are unlike those of whole files are left to libhdf5.
  private static func demandWhole(_ file: RawSpan, at place: Int, _ version: UInt8) throws(ModelError) {
    /// Where the sizes of addresses stand, the base, and the end, from the signature on (HDF5 file format, level 0A).
    let (size, base, end) = [0: (13, 24, 40), 1: (13, 28, 44)][version] ?? (9, 12, 28)
    func number(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: unsafe file.unsafeLoadUnaligned(fromByteOffset: place + offset, as: UInt64.self))
    }
    guard place + end + 8 <= file.byteCount else {
      throw ModelError(.malformed, "the file ends after \(file.byteCount) bytes, in its superblock: it is truncated")
    }
    guard unsafe file.unsafeLoad(fromByteOffset: place + size, as: UInt8.self) == 8, number(base) == UInt64(place),
      number(end) > UInt64(file.byteCount)
    else { return }
    throw ModelError(
      .malformed, "the file ends after \(file.byteCount) bytes, expected \(number(end)): it is truncated",
      at: place + end)
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
