import ByteStore
public import TensorModel

extension HDF5Model {
  private static let suffixes = [".h5", ".hdf5"]

  /// Opens what is at `path`: an HDF5 file, or a folder that holds one.
  ///
  /// Every error names one file, the one at fault, as its outermost context.
  /// - Throws: `missing` where a file can't be read or a folder holds no model; what opening the file throws.
  public static func open(path: String, limits: Limits = Limits()) throws(ModelError) -> HDF5Model {
    let status = try within(path) { () throws(ModelError) in try FileStatus(path: path) }
    guard status.kind == .folder else {
      return try HDF5Model(path: path, files: [(splitPath(path).name, try HDF5File(path: path, limits: limits))])
    }
    let names = try within(path) { () throws(ModelError) in
      let names = try namesInFolder(path, limit: limits.files).filter(isMember)
      guard names.count == 1 else {
        throw names.isEmpty
          ? ModelError(.missing, "holds no HDF5 file")
          : ModelError(
            .malformed, "holds several models: \(CheckpointFiles.listed(names))", hint: "name the one that is meant")
      }
      return names
    }
    let file = try HDF5File(path: asFolder(path) + names[0], limits: limits)
    return try HDF5Model(path: path, files: [(names[0], file)])
  }

  /// Whether a file is one by its name, hidden ones not.
  package static func isMember(_ path: String) -> Bool {
    !splitPath(path).name.hasPrefix(".") && suffixes.contains { path.hasSuffix($0) }
  }
}
