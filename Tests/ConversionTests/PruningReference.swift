import Containers
import Kernels
import MemoryModel
import TensorModel

/// Pruning as its definition says it, one element after the other.
enum PruningReference {
  /// The magnitude of each element; nil where it isn't finite.
  static func magnitudes(_ tensor: MemoryModel.Tensor) -> [Double?] {
    let dtype = tensor.info.dtype
    return (0..<tensor.info.elementCount).map { index in
      let value: Double
      switch unsafe ElementDecoding.value(of: index, in: tensor.bytes.span.bytes, dtype) {
      case .half(let number): value = Double(number)
      case .single(let number): value = Double(number)
      case .double(let number): value = number
      default: return nil
      }
      return value.isFinite ? value.magnitude : nil
    }
  }

  /// The numbers of the `count` smallest of `candidates`, equal ones in their order.
  static func smallest(_ count: Int, _ candidates: [(number: Int, key: Double?)]) -> Set<Int> {
    let finite = candidates.filter { $0.key != nil }.sorted { ($0.key!, $0.number) < ($1.key!, $1.number) }
    return Set(finite.prefix(count).map(\.number))
  }

  /// The tensor with these elements zero, and every zero +0.
  static func zero(_ elements: Set<Int>, in tensor: MemoryModel.Tensor) -> [UInt8] {
    let width = tensor.info.dtype.blockBytes
    var bytes = tensor.bytes
    for (index, magnitude) in magnitudes(tensor).enumerated() where magnitude == 0 || elements.contains(index) {
      for byte in index * width..<(index + 1) * width { bytes[byte] = 0 }
    }
    return bytes
  }

  static func share(_ share: Double, of count: Int) -> Int { Int((share * Double(count)).rounded(.toNearestOrEven)) }
}

/// Random weights of which some are zeros of either sign, subnormal, infinite or NaN, and many equal.
func randomWeights(
  _ name: String, _ dtype: DType, _ shape: [Int], _ random: inout SeededRandom, isFinite: Bool = false
) -> MemoryModel.Tensor {
  let count = shape.reduce(1, *)
  guard case .float(let layout) = dtype.values else { preconditionFailure() }
  var bytes: [UInt8] = []
  for _ in 0..<count {
    var bits = random.next() & (UInt64.max >> UInt64(64 - layout.width))
    switch random.next() % 8 {
    case 0: bits &= 1 << UInt64(layout.width - 1)
    case 1: bits &= (1 << UInt64(layout.mantissaBits)) - 1
    case 2 where !isFinite: bits |= ((1 << UInt64(layout.exponentBits)) - 1) << UInt64(layout.mantissaBits)
    case 3, 4, 5: bits = (bits >> UInt64(layout.mantissaBits - 1)) << UInt64(layout.mantissaBits - 1)
    default: break
    }
    // The largest exponent only where it was asked for.
    if isFinite { bits &= ~(1 << UInt64(layout.mantissaBits + layout.exponentBits - 1)) }
    if isFinite, layout.specials == .negativeZeroIsNaN, bits == 0x80 { bits = 0 }
    bytes += (0..<dtype.blockBytes).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
  }
  return MemoryModel.Tensor(name, dtype, shape, bytes)
}

/// All bytes of every tensor, read in chunks of the model's grid.
func contents(_ model: any ContainerReader) throws -> [[UInt8]] {
  let session = model.makeSession()
  return try model.catalog.tensors.indices.map { tensor in
    let grid = model.grid(of: tensor)
    return try (0..<grid.count).flatMap { chunk in
      try session.withBytes(of: tensor, grid.bytes(ofChunk: chunk)) { (bytes) throws(ModelError) in
        unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
      }
    }
  }
}
