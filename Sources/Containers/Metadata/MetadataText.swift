public import TensorModel

/// The canonical form of a list of metadata: JSON that keeps order, types and bits (`formats/metadata.md`).
public enum MetadataText {
  public static func write(_ list: [MetadataEntry]) -> [UInt8] {
    var json = JSONText(pretty: false)
    json.array { json in
      for entry in list {
        json.object { json in
          json.string("key", entry.key)
          json.typed(entry.value)
        }
      }
    }
    return json.bytes
  }
}

extension JSONText {
  /// The members `type`, `shape` where it takes one, and `value`.
  package mutating func typed(_ value: MetadataValue) {
    string("type", value.typeName)
    if case .array(let array) = value, array.shape.count > 1 {
      self.array("shape", inline: true) { json in for dimension in array.shape { json.integer(nil, dimension) } }
    }
    switch value {
    case .number(let number): self.number("value", number)
    case .string(let bytes): self.string("value", bytes)
    case .array(let array): self.array("value", inline: true) { $0.elements(of: array) }
    }
  }

  private mutating func elements(of array: MetadataArray) {
    switch array.elements {
    case .numbers:
      for index in 0..<array.count { if case .number(let number) = array.elements[index] { self.number(nil, number) } }
    case .strings(let strings): for index in 0..<strings.count { string(nil, strings[index]) }
    case .arrays(let arrays): for array in arrays { object { $0.typed(.array(array)) } }
    }
  }

  private mutating func number(_ key: String?, _ number: MetadataNumber) {
    if number.isQuoted { string(key, number.text) } else { literal(key, number.text) }
  }

  private mutating func string(_ key: String?, _ bytes: some Collection<UInt8>) {
    if let text = String(exactly: bytes) { return string(key, text) }
    object(key) { json in json.string("hex", bytes.map(\.hex).joined()) }
  }
}

extension MetadataNumber {
  /// Whether it stands in a string: what readers may take for a double and round, and what JSON lacks.
  var isQuoted: Bool { type == .u64 || type == .i64 || isSpecial }
}
