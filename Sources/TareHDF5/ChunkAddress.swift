import CHDF5

/// Whether the library counts the addresses of chunks from the start of the file, as it does those of contiguous data.
enum ChunkAddress {
  /// What is to be added to them. Releases before 1.14.3 leave the user block out.
  static func base(_ file: borrowing File) -> UInt64 {
    var (major, minor, release) = (UInt32(0), UInt32(0), UInt32(0))
    unsafe H5get_libversion(&major, &minor, &release)
    let isCounted = (major, minor, release) >= (1, 14, 3)
    return isCounted ? 0 : file.userBlockBytes
  }
}
