public import TensorModel

extension MetadataText {
  /// Reads a text that `write` may have made; spaces and longer decimals are allowed.
  /// - Parameter origin: the offset in the file at which `text` begins.
  /// - Throws: `malformed` for any other text, `unsupported` for a type that this build does not know.
  public static func parse(_ text: RawSpan, origin: Int = 0) throws(ModelError) -> [MetadataEntry] {
    var scanner = JSONScanner(text, origin: origin)
    let list = try scanner.metadata()
    try scanner.end(of: "the metadata")
    return list
  }
}

/// What a member `type` names.
private enum TypeName {
  case number(MetadataNumber.NumberType)
  case string
  indirect case array(of: TypeName)
  /// The elements of an array of arrays.
  case anyArray

  init?(_ text: String) {
    if text.hasSuffix("[]") {
      let element = String(text.dropLast(2))
      guard let type = element == "array" ? .anyArray : TypeName(element) else { return nil }
      if case .array = type { return nil }
      self = .array(of: type)
    } else if text == "string" {
      self = .string
    } else if let type = MetadataNumber.NumberType(rawValue: text) {
      self = .number(type)
    } else {
      return nil
    }
  }
}

extension JSONScanner {
  fileprivate mutating func metadata() throws(ModelError) -> [MetadataEntry] {
    var list: [MetadataEntry] = []
    var keys = NameIndex()
    try beginArray("the metadata")
    while try nextElement() {
      try beginObject("an entry")
      try demandMember("key")
      let position = offset
      let key = text(try string("'key'"))
      guard keys.insert(key) == nil else { throw ModelError(.malformed, "key '\(key)' comes twice", at: position) }
      let value = try within("key '\(key)'") { () throws(ModelError) in try typedValue() }
      list.append(MetadataEntry(key: key, value: value))
    }
    return list
  }

  /// The members `type`, `shape`, `value`, and the end of their object.
  private mutating func typedValue() throws(ModelError) -> MetadataValue {
    try demandMember("type")
    let position = offset
    let name = text(try string("'type'"))
    guard let type = TypeName(name) else {
      throw ModelError(.unsupported, "type '\(name)' of metadata", at: position)
    }
    guard let member = try nextKey() else { throw unexpected("'value'") }
    var shape: [Int]?
    if case .array = type, text(member, equals: "shape") {
      shape = try self.shape()
      try demandMember("value")
    } else if !text(member, equals: "value") {
      throw ModelError(.malformed, "expected 'value', found '\(text(member))'", at: offset(of: member))
    }
    let value = try value(type, shape)
    if let member = try nextKey() {
      throw ModelError(.malformed, "a member '\(text(member))' behind 'value'", at: offset(of: member))
    }
    return value
  }

  private mutating func demandMember(_ name: StaticString) throws(ModelError) {
    guard let member = try nextKey() else { throw unexpected("'\(name)'") }
    guard text(member, equals: name) else {
      throw ModelError(.malformed, "expected '\(name)', found '\(text(member))'", at: offset(of: member))
    }
  }

  private mutating func shape() throws(ModelError) -> [Int] {
    try beginArray("'shape'")
    var shape: [Int] = []
    while try nextElement() {
      let position = offset
      let claim = try unsignedInteger("a dimension")
      guard let dimension = Int(exactly: claim) else {
        throw ModelError(.malformed, "dimension \(claim), expected at most \(Int.max)", at: position)
      }
      shape.append(dimension)
    }
    return shape
  }

  private mutating func value(_ type: TypeName, _ shape: [Int]?) throws(ModelError) -> MetadataValue {
    switch type {
    case .number(let type): return .number(try number(type))
    case .string: return .string(try stringBytes())
    case .anyArray: preconditionFailure("only an element is an array of any type")
    case .array(let element):
      let position = offset
      let elements = try elements(element)
      do throws(ModelError) {
        return .array(try MetadataArray(shape: shape ?? [elements.count], elements))
      } catch {
        var error = error
        error.byteOffset = position
        throw error
      }
    }
  }

  private mutating func elements(_ type: TypeName) throws(ModelError) -> MetadataArray.Elements {
    try beginArray("'value'")
    switch type {
    case .number(let type):
      var bytes: [UInt8] = []
      while try nextElement() { bytes.append(try number(type)) }
      return .numbers(type, bytes)
    case .string:
      var strings = MetadataStrings()
      while try nextElement() { strings.append(try stringBytes()) }
      return .strings(strings)
    case .anyArray, .array:
      var arrays: [MetadataArray] = []
      while try nextElement() {
        let position = offset
        try beginObject("an array of an array")
        guard case .array(let array) = try typedValue() else {
          throw ModelError(.malformed, "expected an array as an element of an array of arrays", at: position)
        }
        arrays.append(array)
      }
      return .arrays(arrays)
    }
  }

  private mutating func number(_ type: MetadataNumber.NumberType) throws(ModelError) -> MetadataNumber {
    let position = offset
    let isQuoted = starts(with: "\"")
    let text = isQuoted ? text(try string("a number")) : try literal("a \(type.rawValue)")
    guard let number = MetadataNumber(type, text: text), number.isQuoted == isQuoted else {
      throw ModelError(.malformed, "expected a \(type.rawValue), found '\(text)'", at: position)
    }
    return number
  }

  private mutating func stringBytes() throws(ModelError) -> [UInt8] {
    skipWhitespace()
    guard starts(with: "{") else { return Array(text(try string("a string")).utf8) }
    try beginObject("a string")
    try demandMember("hex")
    let position = offset
    let digits = text(try string("'hex'"))
    guard let bytes = [UInt8](hex: digits), String(exactly: bytes) == nil, try nextKey() == nil else {
      throw ModelError(.malformed, "expected the hexadecimal digits of bytes that are not UTF-8", at: position)
    }
    return bytes
  }
}

extension [UInt8] {
  /// The bytes of lower-case hexadecimal digits, two for each; nil where there is anything else.
  fileprivate init?(hex: String) {
    let digits = Array(hex.utf8)
    guard digits.count % 2 == 0 else { return nil }
    self = []
    reserveCapacity(digits.count / 2)
    for pair in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[pair].lowerCaseHexDigit, let low = digits[pair + 1].lowerCaseHexDigit else { return nil }
      append(high << 4 | low)
    }
  }
}

extension UInt8 {
  fileprivate var lowerCaseHexDigit: UInt8? {
    let isUpperCase = (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(self)
    return isUpperCase ? nil : hexDigit
  }
}
