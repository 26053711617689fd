/// Numbers as people read them.
enum Readable {
  /// Decimal units, one decimal: `384 B`, `1.5 kB`, `90.9 MB`.
  static func bytes(_ count: Int) -> String {
    guard count >= 1000 else { return "\(count) B" }
    return scaled(count, units: [" kB", " MB", " GB", " TB", " PB", " EB"])
  }

  /// `384`, `22.7 million`.
  static func count(_ count: Int) -> String {
    guard count >= 1_000_000 else { return grouped(count) }
    return scaled(count / 1000, units: [" million", " billion", " trillion", " quadrillion", " quintillion"])
  }

  /// `12,345`: digits in groups of three.
  static func grouped(_ count: Int) -> String {
    let digits = Array(String(count))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A share in percent with one decimal. What is not nothing shows as `<0.1%`, what is not everything as `>99.9%`.
  static func share(_ part: Int, of whole: Int) -> String {
    guard part > 0, whole > 0 else { return "0%" }
    if part == whole { return "100%" }
    let tenths = Int((Double(part) / Double(whole) * 1000).rounded())
    if tenths == 0 { return "<0.1%" }
    if tenths == 1000 && part < whole { return ">99.9%" }
    return decimal(tenths: tenths) + "%"
  }

  /// What packing `whole` into `packed` saves, in percent with one decimal; negative where it grows.
  static func saving(_ packed: Int, of whole: Int) -> String {
    guard whole > 0 else { return "0%" }
    if packed <= whole { return share(whole - packed, of: whole) }
    let tenths = Int((Double(packed - whole) / Double(whole) * 1000).rounded())
    return tenths == 0 ? "0%" : "-" + decimal(tenths: tenths) + "%"
  }

  /// Four significant digits: `-0.1234`, `1.5e-07`, `65504`. Whole numbers below a million stand in full.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    if value.magnitude < 1e6, value == value.rounded() { return String(Int(value)) }
    let (digits, exponent) = rounded(value.magnitude, digits: 4)
    let sign = value < 0 ? "-" : ""
    if exponent < -4 || exponent >= 6 {
      let fraction = trimmed(digits.dropFirst())
      let power = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
      return sign + "\(digits[0])" + (fraction.isEmpty ? "" : "." + fraction) + "e" + (exponent < 0 ? "-" : "+") + power
    }
    if exponent < 0 {
      return sign + "0." + String(repeating: "0", count: -exponent - 1) + trimmed(digits[...])
    }
    let whole = (0...exponent).map { $0 < digits.count ? "\(digits[$0])" : "0" }.joined()
    let fraction = trimmed(digits.dropFirst(exponent + 1))
    return sign + whole + (fraction.isEmpty ? "" : "." + fraction)
  }

  private static func scaled(_ count: Int, units: [String]) -> String {
    var unit = 1000
    for name in units {
      let tenths = (count + unit / 20) / (unit / 10)
      if tenths < 10000 || name == units.last { return decimal(tenths: tenths) + name }
      unit *= 1000
    }
    return "\(count)"
  }

  /// A number below 100 with two decimals: `2.66`.
  static func decimal(hundredths value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
  }

  private static func decimal(tenths: Int) -> String { "\(tenths / 10).\(tenths % 10)" }

  private static func trimmed(_ digits: ArraySlice<Int>) -> String {
    let end = digits.lastIndex { $0 != 0 }.map { $0 + 1 } ?? digits.startIndex
    return digits[..<max(end, digits.startIndex)].map(String.init).joined()
  }

  /// The leading decimal digits of a positive number, rounded half up from its shortest decimal, and the power of ten of
  /// the first of them.
  private static func rounded(_ value: Double, digits count: Int) -> (digits: [Int], exponent: Int) {
    let parts = "\(value)".split(separator: "e")
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + mantissa[0].count - 1
    var digits = mantissa.flatMap(\.utf8).map { Int($0 - UInt8(ascii: "0")) }
    let leadingZeros = digits.prefix { $0 == 0 }.count
    digits.removeFirst(leadingZeros)
    exponent -= leadingZeros
    guard digits.count > count else { return (digits, exponent) }
    var carry = digits[count] >= 5
    digits.removeSubrange(count...)
    for index in digits.indices.reversed() where carry {
      digits[index] += 1
      carry = digits[index] == 10
      if carry { digits[index] = 0 }
    }
    if carry {
      digits = [1] + digits.dropLast()
      exponent += 1
    }
    return (digits, exponent)
  }
}
