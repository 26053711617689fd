extension MetadataNumber {
  /// The value as text: digits; the shortest decimal that reads back as the same number of its type, `inf`, `-inf`, or
  /// `nan:` and the bits; `true` or `false`.
  public var text: String {
    switch type {
    case .u8, .u16, .u32, .u64: String(bits)
    case .i8: String(Int8(truncatingIfNeeded: bits))
    case .i16: String(Int16(truncatingIfNeeded: bits))
    case .i32: String(Int32(truncatingIfNeeded: bits))
    case .i64: String(Int64(bitPattern: bits))
    case .f16: text(Float16(bitPattern: UInt16(bits)))
    case .f32: text(Float(bitPattern: UInt32(bits)))
    case .f64: text(Double(bitPattern: bits))
    case .bool: bits == 1 ? "true" : "false"
    }
  }

  /// The number of that type whose `text` this is; nil where it is none. Decimals are rounded to the nearest, and may be
  /// longer than need be.
  public init?(_ type: NumberType, text: String) {
    let number: MetadataNumber? =
      switch type {
      case .u8: UInt8(text).map { MetadataNumber($0) }
      case .u16: UInt16(text).map { MetadataNumber($0) }
      case .u32: UInt32(text).map { MetadataNumber($0) }
      case .u64: UInt64(text).map { MetadataNumber($0) }
      case .i8: Int8(text).map { MetadataNumber($0) }
      case .i16: Int16(text).map { MetadataNumber($0) }
      case .i32: Int32(text).map { MetadataNumber($0) }
      case .i64: Int64(text).map { MetadataNumber($0) }
      case .bool: Bool(text).map { MetadataNumber($0) }
      case .f16, .f32, .f64: MetadataNumber(float: type, text)
      }
    // `+1`, `007` and `-0` are no texts of integers.
    guard let number, number.isFloat || number.text == text else { return nil }
    self = number
  }

  private init?(float type: NumberType, _ text: String) {
    if text.hasPrefix("nan:") {
      let digits = text.dropFirst(4)
      guard digits.utf8.count == 2 * type.byteCount, let bits = UInt64(digits, radix: 16) else { return nil }
      self.init(type, bits: bits)
      guard isNaN, self.text == text else { return nil }
      return
    }
    let number: MetadataNumber? =
      switch type {
      case .f16: Float16(text).map { MetadataNumber($0) }
      case .f32: Float(text).map { MetadataNumber($0) }
      default: Double(text).map { MetadataNumber($0) }
      }
    guard let number, !number.isSpecial || number.text == text else { return nil }
    self = number
  }

  public var isFloat: Bool { [.f16, .f32, .f64].contains(type) }

  public var isNaN: Bool {
    switch type {
    case .f16: Float16(bitPattern: UInt16(bits)).isNaN
    case .f32: Float(bitPattern: UInt32(bits)).isNaN
    case .f64: Double(bitPattern: bits).isNaN
    default: false
    }
  }

  /// Whether it is a floating-point number that is infinite or NaN.
  public var isSpecial: Bool {
    switch type {
    case .f16: !Float16(bitPattern: UInt16(bits)).isFinite
    case .f32: !Float(bitPattern: UInt32(bits)).isFinite
    case .f64: !Double(bitPattern: bits).isFinite
    default: false
    }
  }

  private func text(_ value: some BinaryFloatingPoint & CustomStringConvertible) -> String {
    guard value.isNaN else { return value.description }
    return "nan:"
      + (0..<type.byteCount).reversed().map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)).hex }.joined()
  }
}

extension MetadataValue: CustomStringConvertible {
  /// The value for a reader: a number or string as it is, the first elements of an array. It may hold control characters,
  /// and where a string is not UTF-8, U+FFFD in the place of what is wrong.
  public var description: String {
    switch self {
    case .number(let number): number.text
    case .string(let bytes): String(decoding: bytes, as: UTF8.self)
    case .array(let array): array.description
    }
  }
}

extension MetadataArray: CustomStringConvertible {
  /// How many elements a text shows.
  private static let shownElements = 8

  public var description: String {
    let shown = (0..<min(count, Self.shownElements)).map { element in
      if case .string(let bytes) = elements[element] {
        "\"" + String(decoding: bytes, as: UTF8.self) + "\""
      } else {
        elements[element].description
      }
    }
    let dots = count > shown.count ? ["…"] : []
    let extent =
      shape.count > 1 || !dots.isEmpty ? "\(elements.typeName)[\(shape.map(String.init).joined(separator: "×"))] " : ""
    return extent + "[" + (shown + dots).joined(separator: ", ") + "]"
  }
}

extension UInt8 {
  /// Two lower-case hexadecimal digits.
  package var hex: String { (self < 16 ? "0" : "") + String(self, radix: 16) }
}
