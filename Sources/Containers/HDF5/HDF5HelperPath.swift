import ByteStore
import Glibc
import TensorModel

/// Where the program is that reads HDF5.
enum HDF5HelperPath {
  private static let name = "tare-hdf5"
  private static let variable = "TARE_HDF5_HELPER"

  /// Beside the program that is running, or where a package puts what is no command, or where the environment says.
  /// - Throws: `unsupported` where it is in none of these places.
  static func find() throws(ModelError) -> String {
    if let folder = folderOfProgram() {
      for path in ["\(folder)/\(name)", "\(folder)/../libexec/tare/\(name)"] where isProgram(path) { return path }
    }
    if let value = unsafe getenv(variable) {
      let path = unsafe String(cString: value)
      if isProgram(path) { return path }
    }
    throw ModelError(
      .unsupported, "is HDF5, and \(name), which reads it, is not there",
      hint: "install \(name) beside tare ('make install' does), or name it in \(variable)")
  }
}
