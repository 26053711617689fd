import Containers
import TensorModel

/// What the configuration of a Keras model says of its layers: a tree, of which nothing is run.
struct KerasConfig: Equatable {
  /// The user's.
  var name: String?
  var className: String
  /// Of models: their layers in order.
  var layers: [KerasConfig] = []
  /// Of normalisations: whether they have these variables.
  var hasScale = true
  var hasCenter = true

  /// Reads `config.json`, or what legacy files have as `model_config`.
  /// - Throws: `malformed` where it is no JSON, or describes no model.
  static func parse(_ text: RawSpan) throws(ModelError) -> KerasConfig {
    var json = JSONScanner(text)
    let config = try object(&json)
    try json.end(of: "the configuration")
    return config
  }

  /// An object `{"class_name": …, "config": {…}}`.
  private static func object(_ json: inout JSONScanner) throws(ModelError) -> KerasConfig {
    var config = KerasConfig(className: "")
    try json.beginObject("a layer")
    while let key = try json.nextKey() {
      switch json.text(key) {
      case "class_name": config.className = json.text(try json.string("class_name"))
      case "config": try config.readSettings(&json)
      default: try json.skipValue()
      }
    }
    return config
  }

  private mutating func readSettings(_ json: inout JSONScanner) throws(ModelError) {
    switch json.nextKind {
    // Keras 1 wrote the layers of a sequence in the place of its settings.
    case .array: layers = try Self.list(&json)
    case .object:
      try json.beginObject("settings")
      while let key = try json.nextKey() {
        switch (json.text(key), json.nextKind) {
        case ("name", .string): name = json.text(try json.string("name"))
        case ("layers", .array): layers = try Self.list(&json)
        case ("scale", .other): hasScale = try !json.takeFalse()
        case ("center", .other): hasCenter = try !json.takeFalse()
        default: try json.skipValue()
        }
      }
    default: try json.skipValue()
    }
  }

  private static func list(_ json: inout JSONScanner) throws(ModelError) -> [KerasConfig] {
    var layers: [KerasConfig] = []
    try json.beginArray("layers")
    while try json.nextElement() {
      if json.nextKind == .object { layers.append(try object(&json)) } else { try json.skipValue() }
    }
    return layers
  }
}

extension KerasConfig {
  /// The layers by the names that Keras 3 gives them in a file: their classes, numbered in order of appearance.
  var layersByFileName: [String: Int] {
    var counts: [String: Int] = [:]
    var places: [String: Int] = [:]
    for (place, layer) in layers.enumerated() {
      let name = snakeCase(layer.className)
      let count = counts[name, default: 0]
      counts[name] = count + 1
      places[count == 0 ? name : "\(name)_\(count)"] = place
    }
    return places
  }

  var layersByName: [String: Int] {
    Dictionary(layers.enumerated().compactMap { place, layer in layer.name.map { ($0, place) } }) { first, _ in first }
  }
}

/// A class's name as Keras writes it in paths: `MultiHeadAttention` is `multi_head_attention`, `Conv2D` `conv2d`, `PReLU`
/// `p_re_lu`.
func snakeCase(_ className: String) -> String {
  let letters = Array(
    className.unicodeScalars.filter { $0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_" })
  func isUpper(_ index: Int) -> Bool { letters.indices.contains(index) && ("A"..."Z").contains(letters[index]) }
  func isLower(_ index: Int) -> Bool { letters.indices.contains(index) && ("a"..."z").contains(letters[index]) }
  var name = ""
  for (index, letter) in letters.enumerated() {
    // A capital begins a word where a small letter stands on either side of it.
    if index > 0, isUpper(index), isLower(index + 1) || isLower(index - 1) { name += "_" }
    name.unicodeScalars.append(letter)
  }
  return name.lowercased()
}

extension JSONScanner {
  /// Reads a value that is no object, array or string; whether it is false.
  fileprivate mutating func takeFalse() throws(ModelError) -> Bool {
    if takeNull() { return false }
    return try literal("a setting") == "false"
  }
}
