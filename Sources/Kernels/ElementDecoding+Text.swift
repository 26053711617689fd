extension ElementValue: CustomStringConvertible {
  /// The shortest decimal that reads back as the same number of its type (as the same f32 for types narrower than f16);
  /// `nan`, `inf`, `-inf`; `1.0-2.0j` for a complex number; hexadecimal digits for bytes without a meaning.
  public var description: String {
    switch self {
    case .unsigned(let value): String(value)
    case .signed(let value): String(value)
    case .half(let value): value.isNaN ? "nan" : "\(value)"
    case .single(let value): value.isNaN ? "nan" : "\(value)"
    case .double(let value): value.isNaN ? "nan" : "\(value)"
    case .complex(let real, let imaginary): Self.text(real, imaginary)
    case .opaque(let bytes): "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }

  private static func text(_ real: Float, _ imaginary: Float) -> String {
    let sign = imaginary.isNaN || imaginary.sign == .plus ? "+" : ""
    return "\(ElementValue.single(real))\(sign)\(ElementValue.single(imaginary))j"
  }
}
