internal import MemoryModel
internal import TensorModel

/// What a tensor's bytes may be like.
enum DataKind: CaseIterable {
  case gaussian, halfZeros, mostlyZeros, allZero, mixedZeros, constant, randomBits, notNumbers

  /// `count` elements, rounded up to whole blocks.
  func bytes(count: Int, dtype: DType, _ random: inout SeededRandom) -> [UInt8] {
    let blocks = (count + dtype.blockElements - 1) / dtype.blockElements
    return (0..<blocks).flatMap { _ in block(dtype, &random) }
  }

  private func block(_ dtype: DType, _ random: inout SeededRandom) -> [UInt8] {
    let width = dtype.blockBytes
    var bytes = (0..<width).map { _ in UInt8.random(in: 0...255, using: &random) }
    let zeros = [UInt8](repeating: 0, count: width)
    switch self {
    case .randomBits: return bytes
    case .allZero: return zeros
    case .constant: return [UInt8](repeating: 0x3C, count: width)
    case .notNumbers:
      bytes[width - 1] = UInt8.random(in: 0...1, using: &random) << 7 | 0x7F
      return bytes
    case .mixedZeros:
      var zero = zeros
      zero[width - 1] = UInt8.random(in: 0...1, using: &random) << 7
      return zero
    case .gaussian: return number(bytes, &random)
    case .halfZeros: return Bool.random(using: &random) ? zeros : number(bytes, &random)
    case .mostlyZeros: return UInt8.random(in: 0...40, using: &random) > 0 ? zeros : number(bytes, &random)
    }
  }

  /// Few exponents, random mantissas.
  private func number(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var bytes = bytes
    bytes[bytes.count - 1] = [0x3C, 0x3D, 0xBC, 0xBD, 0x3B].randomElement(using: &random)!
    return bytes
  }
}
