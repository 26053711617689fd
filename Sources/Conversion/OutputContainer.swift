/// What files a model is written as.
public enum OutputContainer: String, Hashable, Sendable {
  case safetensors, gguf

  /// The extension of the files and its dot.
  var suffix: String { "." + rawValue }
}
