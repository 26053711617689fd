import TensorModel

/// Metadata of types that GGUF lacks: F16, and arrays of more dimensions than one or of none.
///
/// Such a value is a string in its place that holds its canonical form, and a key behind all others lists the keys of
/// which that holds (`formats/gguf.md`).
enum GGUFTypedMetadata {
  static let key = "tare.typed"

  /// The list as GGUF can hold it; as it is, where that is everything.
  /// - Throws: `unsupported` where the list has the key that tells, or a key of an entry that GGUF lacks is too long.
  static func encoded(_ metadata: [MetadataEntry]) throws(ModelError) -> [MetadataEntry] {
    guard !metadata.contains(where: { $0.key == key }) else {
      throw ModelError(.unsupported, "metadata '\(key)': that key says in GGUF which values are of other types")
    }
    var keys = MetadataStrings()
    var encoded = metadata
    for (index, entry) in metadata.enumerated() where !isHeld(entry.value) {
      encoded[index].value = .string(MetadataText.write([entry]))
      keys.append(Array(entry.key.utf8))
    }
    guard keys.count > 0 else { return metadata }
    encoded.append(MetadataEntry(key: key, value: .array(try MetadataArray(shape: [keys.count], .strings(keys)))))
    return encoded
  }

  /// The list that `encoded` was made of.
  /// - Throws: `malformed` where it can't have been made so.
  static func decoded(_ metadata: [MetadataEntry]) throws(ModelError) -> [MetadataEntry] {
    guard let place = metadata.firstIndex(where: { $0.key == key }) else { return metadata }
    return try within("key '\(key)'") { () throws(ModelError) in
      guard case .array(let array) = metadata[place].value, case .strings(let keys) = array.elements else {
        throw ModelError(.malformed, "\(metadata[place].value.typeName), expected an array of strings")
      }
      var listed: Set<[UInt8]> = []
      for index in 0..<keys.count {
        guard listed.insert(Array(keys[index])).inserted else { throw ModelError(.malformed, "a key comes twice") }
      }
      var decoded = metadata
      decoded.remove(at: place)
      for index in decoded.indices where listed.remove(Array(decoded[index].key.utf8)) != nil {
        decoded[index] = try value(of: decoded[index])
      }
      guard listed.isEmpty else { throw ModelError(.malformed, "a key that is not there") }
      return decoded
    }
  }

  private static func value(of entry: MetadataEntry) throws(ModelError) -> MetadataEntry {
    try within("'\(entry.key)'") { () throws(ModelError) in
      guard case .string(let text) = entry.value else {
        throw ModelError(.malformed, "\(entry.value.typeName), expected a string")
      }
      let list = try MetadataText.parse(unsafe text.span.bytes)
      guard list.count == 1, list[0].key.utf8.elementsEqual(entry.key.utf8) else {
        throw ModelError(.malformed, "expected the form of this key alone")
      }
      return list[0]
    }
  }

  private static func isHeld(_ value: MetadataValue) -> Bool {
    switch value {
    case .number(let number): number.type != .f16
    case .string: true
    case .array(let array): isHeld(array)
    }
  }

  private static func isHeld(_ array: MetadataArray) -> Bool {
    guard array.shape.count == 1 else { return false }
    return switch array.elements {
    case .numbers(let type, _): type != .f16
    case .strings: true
    case .arrays(let arrays): arrays.allSatisfy(isHeld)
    }
  }
}
