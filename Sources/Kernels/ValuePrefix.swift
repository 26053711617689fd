package import TensorModel

/// The leading bits by which elements wider than 16 bits are counted: of F32 the top 16, of F64 and of whole numbers as
/// doubles the top 20. Numbers with the same prefix lie within 2^-7, or 2^-8, of each other; whole numbers below 512
/// have prefixes of their own.
package enum ValuePrefix {
  /// Of a number as a double.
  @inline(__always)
  static func wide(_ value: Double) -> Int { Int(truncatingIfNeeded: value.bitPattern &>> 44) }

  /// Of an F64.
  package static func prefix(of value: Double) -> UInt32 { UInt32(wide(value)) }

  /// The number that stands for all of a prefix, with the relative error that it makes at most: the middle of those
  /// numbers, or 0 where 0 is among them. Nil for infinities and NaN.
  package static func representative(_ prefix: UInt32, of dtype: DType) -> Double? {
    let value: Double
    let halfStep: UInt64
    if dtype == .f32 {
      value = Double(Float(bitPattern: prefix << 16))
      halfStep = 1 << (52 - 8)
    } else {
      value = Double(bitPattern: UInt64(prefix) << 44)
      halfStep = 1 << (52 - 9)
    }
    guard value.isFinite else { return nil }
    guard value != 0 else { return 0 }
    let middle = Double(bitPattern: value.bitPattern + halfStep)
    return dtype.isFloat ? middle : middle.rounded(.towardZero)
  }

  /// How far a representative may lie from the number, as a share of it.
  package static func relativeError(of dtype: DType) -> Double {
    if dtype.isCounted { return 0 }
    if dtype == .f32 { return 0x1p-8 }
    return 0x1p-9
  }
}
