/// What files a model is written as.
public enum OutputContainer: String, Hashable, Sendable {
  case safetensors, gguf, hdf5, keras

  /// The extension of the files and its dot.
  var suffix: String {
    switch self {
    case .safetensors, .gguf, .keras: "." + rawValue
    case .hdf5: ".h5"
    }
  }

  /// Whether a model is one file, and that, or the weights in it, an HDF5 file.
  var isHDF5: Bool { self == .hdf5 || self == .keras }
}
