import TensorModel

extension JSONText {
  /// A value of metadata as what JSON has for it: integers of 64 bits, and what is not finite, are strings; an array of
  /// several dimensions is arrays of arrays, and of a long one its type, its shape and its first elements are said; of a string that is not UTF-8, U+FFFD stands for what is wrong.
  mutating func metadata(_ key: String?, _ value: MetadataValue) {
    switch value {
    case .number(let number): self.number(key, number)
    case .string: string(key, value.description)
    case .array(let array) where array.count > Self.longArray: summary(of: array, key)
    case .array(let array): lines(of: array, key, array.shape[...], from: 0)
    }
  }

  /// Arrays of more elements are vocabularies, not parameters.
  private static let longArray = 1024
  private static let shownElements = 8

  private mutating func summary(of array: MetadataArray, _ key: String?) {
    object(key) { json in
      json.string("type", array.elements.typeName + "[]")
      json.array("shape", inline: true) { json in for dimension in array.shape { json.integer(nil, dimension) } }
      json.array("first", inline: true) { json in
        for element in 0..<Self.shownElements { json.metadata(nil, array.elements[element]) }
      }
    }
  }

  /// The part of an array that begins with element `start` and has that shape.
  private mutating func lines(of array: MetadataArray, _ key: String?, _ shape: ArraySlice<Int>, from start: Int) {
    self.array(key, inline: true) { json in
      let rest = shape.dropFirst()
      // Of a dimension of 0 nothing is written, however many rows there are of it.
      guard !rest.contains(0) else { return }
      let step = rest.reduce(1, *)
      for place in 0..<shape[shape.startIndex] {
        if rest.isEmpty {
          json.metadata(nil, array.elements[start + place])
        } else {
          json.lines(of: array, nil, rest, from: start + place * step)
        }
      }
    }
  }

  private mutating func number(_ key: String?, _ number: MetadataNumber) {
    if number.isNaN { return string(key, "nan") }
    if number.type == .u64 || number.type == .i64 || number.isSpecial { return string(key, number.text) }
    literal(key, number.text)
  }
}
