import CHDF5

/// The file under libhdf5: what is needed to find chunks in it.
struct RawFile {
  /// Open to be read; negative where that failed.
  let descriptor: Int32
  /// Where the HDF5 file begins in it: 0, but in an archive.
  let start: UInt64
  /// Bytes in front of what HDF5 calls the file, from whose end addresses count there.
  let userBlockBytes: UInt64

  /// What is to be added to the addresses of chunks that the library gives. Releases before 1.14.3 leave the user block
  /// out of them, and no other addresses.
  var addedToChunks: UInt64 {
    var (major, minor, release) = (UInt32(0), UInt32(0), UInt32(0))
    unsafe H5get_libversion(&major, &minor, &release)
    return (major, minor, release) >= (1, 14, 3) ? 0 : userBlockBytes
  }
}
