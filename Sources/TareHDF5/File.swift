import CHDF5
import Glibc
import HDF5Protocol

/// The file that the process was started for, open to be read.
struct File: ~Copyable {
  private let identifier: Identifier
  let raw: RawFile

  var value: hid_t { identifier.value }

  /// - Parameter window: which part of the file at `path` is the HDF5 file; nil for all of it.
  /// - Throws: `malformed` where libhdf5 does not open it.
  init(path: String, window: Range<UInt64>?) throws(HDF5Failure) {
    let list = try Identifier(H5Pcreate(tare_class_file_access()), "an access list") { H5Pclose($0) }
    if let window {
      try demand(tare_set_window(list.value, window.lowerBound, window.upperBound - window.lowerBound), "a window")
    }
    let file = try Identifier(
      unsafe H5Fopen(path, tare_read_only(), list.value), "libhdf5 does not open it"
    ) { H5Fclose($0) }
    let creation = try Identifier(H5Fget_create_plist(file.value), "the creation list") { H5Pclose($0) }
    var bytes: hsize_t = 0
    try demand(unsafe H5Pget_userblock(creation.value, &bytes), "the user block")
    raw = RawFile(
      descriptor: unsafe open(path, O_RDONLY | O_CLOEXEC), start: window?.lowerBound ?? 0, userBlockBytes: UInt64(bytes)
    )
    identifier = file
  }
}

/// What keeps libhdf5 to one file: no plug-ins, no external links, no output of its own.
enum Library {
  static func restrict() {
    // Before anything else, lest the first call loads what the environment names.
    H5PLset_loading_state(0)
    tare_silence()
    // Whatever should follow one by mistake ends there.
    guard tare_refuse_external_links() >= 0 else { exit(EX_SOFTWARE) }
  }

  static var version: String {
    var (major, minor, release) = (UInt32(0), UInt32(0), UInt32(0))
    unsafe H5get_libversion(&major, &minor, &release)
    return "\(major).\(minor).\(release)"
  }
}
