import Kernels
import TensorModel

/// The statistics, one element after the other in the plainest way, sharing nothing with the kernels.
struct StatisticsReference {
  var zeros = 0
  var negativeZeros = 0
  var nans = 0
  var infinities = 0
  var subnormals = 0
  var finite: [Double] = []
  var patterns: [UInt64] = []

  init(_ bytes: [UInt8], _ dtype: DType) {
    patterns = Self.patterns(bytes, dtype)
    for pattern in patterns { count(pattern, dtype) }
  }

  /// Nil where no value is finite.
  var moments: (mean: Double, deviation: Double)? {
    guard !finite.isEmpty else { return nil }
    // Divided by a power of two near the largest value, no sum leaves the doubles.
    let largest = finite.map(\.magnitude).max() ?? 0
    let unit = largest == 0 ? 1 : Self.power(min(max(Int(largest.exponent), -1000), 1000))
    let mean = finite.reduce(0) { $0 + $1 / unit } / Double(finite.count)
    let squares = finite.reduce(0) { $0 + ($1 / unit - mean) * ($1 / unit - mean) }
    return (mean * unit, (squares / Double(finite.count)).squareRoot() * unit)
  }

  /// The number of each element; NaN and infinities as they are.
  static func values(_ bytes: [UInt8], _ dtype: DType) -> [Double] {
    patterns(bytes, dtype).map { pattern in
      switch dtype.values {
      case .boolean: return pattern == 0 ? 0 : 1
      case .unsigned: return Double(pattern)
      case .signed:
        let shift = UInt64(64 - dtype.elementBits)
        return Double(Int64(bitPattern: pattern << shift) >> Int64(shift))
      default: return value(pattern, dtype.name)
      }
    }
  }

  /// Byte by byte, or bit by bit from the low end of each block.
  static func patterns(_ bytes: [UInt8], _ dtype: DType) -> [UInt64] {
    let bits = dtype.elementBits
    if bits % 8 == 0 {
      return stride(from: 0, to: bytes.count, by: bits / 8).map { start in
        bytes[start..<start + bits / 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      }
    }
    return (0..<(bytes.count * 8 / bits)).map { element in
      (0..<bits).reduce(UInt64(0)) { pattern, bit in
        let at = element * bits + bit
        return pattern | UInt64(bytes[at / 8] >> (at % 8) & 1) << bit
      }
    }
  }

  private mutating func count(_ pattern: UInt64, _ dtype: DType) {
    switch dtype.values {
    case .boolean: count(whole: pattern == 0 ? 0 : 1)
    case .unsigned: count(whole: Double(pattern))
    case .signed:
      let shift = UInt64(64 - dtype.elementBits)
      count(whole: Double(Int64(bitPattern: pattern << shift) >> Int64(shift)))
    case .complex: count(complex: pattern)
    case .blocks, .opaque: break
    case .float:
      count(float: Self.value(pattern, dtype.name), isSubnormal: Self.isSubnormal(pattern, dtype.name))
    }
  }

  private mutating func count(whole value: Double) {
    if value == 0 { zeros += 1 }
    finite.append(value)
  }

  private mutating func count(complex pattern: UInt64) {
    let parts = [Float(bitPattern: UInt32(pattern & 0xFFFF_FFFF)), Float(bitPattern: UInt32(pattern >> 32))]
    if parts.contains(where: \.isNaN) {
      nans += 1
    } else if parts.contains(where: \.isInfinite) {
      infinities += 1
    } else if parts.allSatisfy({ $0 == 0 }) {
      zeros += 1
      if parts.contains(where: { $0.sign == .minus }) { negativeZeros += 1 }
    } else if parts.contains(where: \.isSubnormal) {
      subnormals += 1
    }
  }

  private mutating func count(float value: Double, isSubnormal: Bool) {
    if value.isNaN {
      nans += 1
    } else if value.isInfinite {
      infinities += 1
    } else {
      finite.append(value)
      if value == 0 { zeros += 1 }
      if value == 0, value.sign == .minus { negativeZeros += 1 }
      if isSubnormal { subnormals += 1 }
    }
  }

  /// By hand for each type, from the tables of its specification.
  private static func value(_ pattern: UInt64, _ name: String) -> Double {
    func small(_ exponentBits: Int, _ mantissaBits: Int, _ bias: Int) -> Double {
      let exponent = Int(pattern >> UInt64(mantissaBits)) & ((1 << exponentBits) - 1)
      let fraction = Double(pattern & ((1 << UInt64(mantissaBits)) - 1)) / Double(1 << mantissaBits)
      let negative = pattern >> UInt64(exponentBits + mantissaBits) & 1 == 1
      let magnitude = exponent == 0 ? fraction * power(1 - bias) : (1 + fraction) * power(exponent - bias)
      return negative ? -magnitude : magnitude
    }
    switch name {
    case "F64": return Double(bitPattern: pattern)
    case "F32": return Double(Float(bitPattern: UInt32(pattern)))
    case "BF16": return Double(Float(bitPattern: UInt32(pattern) << 16))
    case "F16": return Double(Float16(bitPattern: UInt16(pattern)))
    // The high byte of a binary16 number.
    case "F8_E5M2": return Double(Float16(bitPattern: UInt16(pattern) << 8))
    case "F8_E4M3": return pattern & 0x7F == 0x7F ? .nan : small(4, 3, 7)
    case "F8_E4M3FNUZ": return pattern == 0x80 ? .nan : small(4, 3, 8)
    case "F8_E5M2FNUZ": return pattern == 0x80 ? .nan : small(5, 2, 16)
    case "F8_E8M0": return pattern == 255 ? .nan : power(Int(pattern) - 127)
    case "F6_E2M3": return small(2, 3, 1)
    case "F6_E3M2": return small(3, 2, 3)
    case "F4":
      let magnitudes = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
      return pattern >= 8 ? -magnitudes[Int(pattern) - 8] : magnitudes[Int(pattern)]
    default: fatalError("no reference for \(name)")
    }
  }

  private static func isSubnormal(_ pattern: UInt64, _ name: String) -> Bool {
    switch name {
    case "F64": Double(bitPattern: pattern).isSubnormal
    case "F32": Float(bitPattern: UInt32(pattern)).isSubnormal
    case "BF16": Float(bitPattern: UInt32(pattern) << 16).isSubnormal
    case "F16": Float16(bitPattern: UInt16(pattern)).isSubnormal
    case "F8_E5M2": Float16(bitPattern: UInt16(pattern) << 8).isSubnormal
    case "F8_E4M3", "F8_E4M3FNUZ": (1...7).contains(pattern & 0x7F)
    case "F8_E5M2FNUZ": (1...3).contains(pattern & 0x7F)
    case "F6_E2M3": (1...7).contains(pattern & 0x1F)
    case "F6_E3M2": (1...3).contains(pattern & 0x1F)
    case "F4": pattern & 7 == 1
    default: false
    }
  }

  private static func power(_ exponent: Int) -> Double {
    exponent < 0 ? 1 / power(-exponent) : (0..<exponent).reduce(1.0) { power, _ in power * 2 }
  }
}
