import TensorModel

/// How a list of metadata stands in a safetensors file (`formats/metadata.md`).
struct SafetensorsMetadata {
  /// The key of `__metadata__`, and the tensor, for what is more than strings.
  static let key = "tare.metadata"
  static let tensorMark = #"{"tensor":"tare.metadata"}"#
  private static let inlineBytes = 65_536
  private static let copiedBytes = 1_024

  /// What `__metadata__` holds, in order.
  let pairs: [(key: String, value: String)]
  /// The bytes of the tensor `tare.metadata`, where there is one.
  let tensor: [UInt8]?

  /// - Throws: `malformed` where a key comes twice.
  init(_ list: [MetadataEntry]) throws(ModelError) {
    var keys = NameIndex()
    for entry in list where keys.insert(entry.key) != nil {
      throw ModelError(.malformed, "key '\(entry.key)' of the metadata comes twice")
    }
    let strings = list.map(\.value.string)
    if keys[Self.key] == nil, !strings.contains(nil) {
      pairs = zip(list, strings).map { ($0.key, $1!) }
      tensor = nil
      return
    }
    let text = MetadataText.write(list)
    let copies = list.compactMap { entry -> (key: String, value: String)? in
      guard entry.key != Self.key, let text = entry.value.plainText, text.utf8.count <= Self.copiedBytes else {
        return nil
      }
      return (entry.key, text)
    }
    tensor = text.count > Self.inlineBytes ? text : nil
    pairs = copies + [(Self.key, tensor == nil ? String(decoding: text, as: UTF8.self) : Self.tensorMark)]
  }

  /// The list that the canonical form and the pairs beside it are.
  /// - Throws: `malformed` where a pair is no copy of what the list has under its key.
  static func join(
    _ list: [MetadataEntry], _ pairs: [(key: String, value: String)]
  ) throws(ModelError) -> [MetadataEntry] {
    var keys = NameIndex()
    for entry in list { _ = keys.insert(entry.key) }
    var joined = list
    for pair in pairs {
      guard let number = keys[pair.key] else {
        joined.append(MetadataEntry(key: pair.key, value: pair.value))
        continue
      }
      guard let text = list[number].value.plainText, text.utf8.elementsEqual(pair.value.utf8) else {
        throw ModelError(
          .malformed,
          "key '\(pair.key)' is '\(pair.value.shortened)' in '__metadata__' and "
            + "'\(list[number].value.description.shortened)' in '\(key)'")
      }
    }
    return joined
  }
}

extension MetadataValue {
  /// The text of a single number, boolean or string in UTF-8.
  fileprivate var plainText: String? {
    if case .number(let number) = self { number.text } else { string }
  }
}

extension String {
  /// The front of a string of any length, for an error.
  fileprivate var shortened: String {
    unicodeScalars.count <= 60 ? self : String(String(unicodeScalars.prefix(60))) + "…"
  }
}
