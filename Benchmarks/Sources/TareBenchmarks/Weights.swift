import Glibc
import Tare

/// Weights as a trained model has them: Gaussian, each row with a deviation of its own, the smallest set to zero.
struct Weights {
  enum Kind: String, CaseIterable {
    case bf16, f16, f32

    var bytes: Int { self == .f32 ? 4 : 2 }
    var dtype: DType { self == .bf16 ? .bf16 : self == .f16 ? .f16 : .f32 }
  }

  let kind: Kind
  /// The share of zeros.
  let sparsity: Double
  var name: String { "\(kind.rawValue), \(sparsity == 0 ? "dense" : "\(Int(sparsity * 100)) % zeros")" }

  /// Writes a safetensors file of matrices of 4096 × 4096, `byteCount` bytes together.
  func write(to path: String, byteCount: Int) throws {
    let side = 4096
    let matrix = side * side * kind.bytes
    let count = max(1, byteCount / matrix)
    var entries: [String] = []
    for number in 0..<count {
      entries.append(
        "\"layers.\(number).weight\":{\"dtype\":\"\(kind.dtype.name)\",\"shape\":[\(side),\(side)],"
          + "\"data_offsets\":[\(number * matrix),\((number + 1) * matrix)]}")
    }
    var header = "{" + entries.joined(separator: ",") + "}"
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    let file = try OutputFile(path: path, overwrite: true)
    var writer = ByteWriter()
    writer.integer(UInt64(header.utf8.count))
    writer.append(header.utf8)
    try file.write(writer.bytes, at: 0)
    var random = RandomBits(seed: 1)
    var position = writer.bytes.count
    // The threshold below which that share of a normal distribution lies.
    let threshold = Self.quantile(sparsity)
    for _ in 0..<(count * side) {
      let row = makeRow(side, threshold, &random)
      try file.write(row, at: position)
      position += row.count
    }
    try file.finish()
  }

  /// Fills memory with the weights of one row.
  func fill(_ target: UnsafeMutablePointer<UInt8>, elements: Int) {
    var random = RandomBits(seed: 2)
    let row = makeRow(elements, Self.quantile(sparsity), &random)
    target.update(from: row, count: row.count)
  }

  private func makeRow(_ count: Int, _ threshold: Float, _ random: inout RandomBits) -> [UInt8] {
    let deviation = 0.02 + 0.03 * random.uniform()
    var row: [UInt8] = []
    row.reserveCapacity(count * kind.bytes)
    for _ in 0..<(count / 2) {
      for normal in random.normals() {
        let value = abs(normal) < threshold ? 0 : normal * deviation
        switch kind {
        case .f32: append(value.bitPattern, to: &row)
        case .f16: append(Float16(value).bitPattern, to: &row)
        case .bf16:
          let bits = value.bitPattern
          append(UInt16(truncatingIfNeeded: (bits + 0x7FFF + (bits >> 16 & 1)) >> 16), to: &row)
        }
      }
    }
    return row
  }

  private func append(_ bits: some FixedWidthInteger, to row: inout [UInt8]) {
    for shift in stride(from: 0, to: bits.bitWidth, by: 8) { row.append(UInt8(truncatingIfNeeded: bits >> shift)) }
  }

  /// The x for which |N(0, 1)| < x has probability `share`, by bisection.
  private static func quantile(_ share: Double) -> Float {
    var low = 0.0
    var high = 8.0
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if erf(middle / 2.0.squareRoot()) < share { low = middle } else { high = middle }
    }
    return Float(low)
  }
}

/// SplitMix64.
struct RandomBits {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func uniform() -> Float { Float(next() >> 40) / Float(1 << 24) }

  /// Two independent standard normals (Box and Muller).
  mutating func normals() -> [Float] {
    let radius = (-2 * logf(max(uniform(), 1e-12))).squareRoot()
    let angle = 2 * Float.pi * uniform()
    return [radius * cosf(angle), radius * sinf(angle)]
  }
}
