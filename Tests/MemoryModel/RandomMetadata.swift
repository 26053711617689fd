public import TensorModel

extension SeededRandom {
  /// A list of metadata with values of every type, their bits the likeliest to be lost.
  public mutating func metadata(count: Int) -> [MetadataEntry] {
    (0..<count).map { MetadataEntry(key: "\($0)\n\"é", value: metadataValue()) }
  }

  private mutating func metadataValue() -> MetadataValue {
    switch Int.random(in: 0..<4, using: &self) {
    case 0, 1: .number(metadataNumber(MetadataNumber.NumberType.allCases.randomElement(using: &self)!))
    case 2: .string(metadataString())
    default: .array(metadataArray(depth: 1))
    }
  }

  public mutating func metadataNumber(_ type: MetadataNumber.NumberType) -> MetadataNumber {
    var bits: UInt64 = 0
    for _ in 0..<type.byteCount { bits = bits << 8 | UInt64(edgeByte()) }
    return MetadataNumber(type, bits: type == .bool ? bits & 1 : bits)!
  }

  /// Half of them are not UTF-8.
  private mutating func metadataString() -> [UInt8] {
    let text = ["", "a", "\u{0}\u{7F}\"\\\n", "é😀", #"{"hex":"00"}"#].randomElement(using: &self)!
    return Array(text.utf8) + (Bool.random(using: &self) ? bytes(Int.random(in: 0..<4, using: &self)) : [])
  }

  private mutating func metadataArray(depth: Int) -> MetadataArray {
    let shape = [[0], [1], [3], [2, 2], [0, 5], [1, 3, 1]].randomElement(using: &self)!
    let count = shape.reduce(1, *)
    let elements: MetadataArray.Elements
    switch Int.random(in: 0..<(depth < 4 ? 4 : 3), using: &self) {
    case 0, 1:
      let type = MetadataNumber.NumberType.allCases.randomElement(using: &self)!
      elements = .numbers(type, (0..<count).flatMap { _ in littleEndian(metadataNumber(type)) })
    case 2:
      var strings = MetadataStrings()
      for _ in 0..<count { strings.append(metadataString()) }
      elements = .strings(strings)
    default: elements = .arrays((0..<count).map { _ in metadataArray(depth: depth + 1) })
    }
    return try! MetadataArray(shape: shape, elements)
  }

  private func littleEndian(_ number: MetadataNumber) -> [UInt8] {
    (0..<number.type.byteCount).map { UInt8(truncatingIfNeeded: number.bits >> UInt64(8 * $0)) }
  }
}
