public import TensorModel

/// Quantises f32 numbers to blocks, each for itself: the bytes that gguf-py 0.19.0 gives, and for the types with scales of
/// two levels, which it does not make, those of ggml's reference quantisers compiled without fused multiplication.
///
/// Arithmetic is that of f32, each operation rounded; no division but by constants and for scales.
public struct BlockQuantizer: Sendable {
  public let type: BlockType

  /// The types that numbers are quantised to.
  public static let types: [BlockType] = [
    .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2_k, .q3_k, .q4_k, .q5_k, .q6_k, .tq1_0, .tq2_0, .mxfp4,
  ]

  /// Nil of a type that is none of `types`.
  public init?(_ type: BlockType) {
    guard Self.types.contains(type) else { return nil }
    self.type = type
  }

  /// Writes the blocks of `numbers`, f32 at any address that fill whole blocks, to `output`. O(n); allocates nothing.
  /// - Precondition: `output` has room for the blocks and does not overlap `numbers`.
  /// - Returns: the place of the first number that is NaN or infinite, which no block holds: what was written then is
  ///   worth nothing.
  public func quantize(
    _ numbers: RawSpan, into output: UnsafeMutableRawPointer, on set: InstructionSet = .best
  ) -> Int? {
    let layout = type.layout
    precondition(numbers.byteCount % (4 * layout.elements) == 0)
    let count = numbers.byteCount / 4 / layout.elements
    return unsafe numbers.withUnsafeBytes { numbers in
      guard let source = numbers.baseAddress else { return nil }
      let target = unsafe output.bindMemory(to: UInt8.self, capacity: count * layout.byteCount)
      if let kernel = unsafe kernel(of: set) {
        let done = unsafe kernel(source, count, target)
        guard done < count else { return nil }
        return (done * layout.elements..<(done + 1) * layout.elements).first {
          unsafe !source.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self).isFinite
        }
      }
      // Numbers that the loops read several times are aligned, and stay in the cache.
      return unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: layout.elements) { block in
        let floats = block.baseAddress!
        for index in 0..<count {
          let from = unsafe source + index * 4 * layout.elements
          unsafe UnsafeMutableRawPointer(floats).copyMemory(from: from, byteCount: 4 * layout.elements)
          if let place = unsafe Self.firstSpecial(floats, layout.elements) { return index * layout.elements + place }
          unsafe quantize(floats, into: target + index * layout.byteCount)
        }
        return nil
      }
    }
  }

  /// Of the types of 32 elements with one scale.
  private func kernel(
    of set: InstructionSet
  ) -> (@convention(c) (UnsafeRawPointer?, Int, UnsafeMutablePointer<UInt8>?) -> Int)? {
    switch type {
    case .q4_0: unsafe set.kernels?.quantize_q4_0
    case .q4_1: unsafe set.kernels?.quantize_q4_1
    case .q5_0: unsafe set.kernels?.quantize_q5_0
    case .q5_1: unsafe set.kernels?.quantize_q5_1
    case .q8_0: unsafe set.kernels?.quantize_q8_0
    default: nil
    }
  }

  @inline(__always)
  private func quantize(_ x: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
    switch type {
    case .q4_0: unsafe Self.q4_0(x, block)
    case .q4_1: unsafe Self.q4_1(x, block)
    case .q5_0: unsafe Self.q5_0(x, block)
    case .q5_1: unsafe Self.q5_1(x, block)
    case .q8_0: unsafe Self.q8_0(x, block)
    case .q2_k: unsafe Self.q2_k(x, block)
    case .q3_k: unsafe Self.q3_k(x, block)
    case .q4_k: unsafe Self.fourOrFiveK(x, block, isFive: false)
    case .q5_k: unsafe Self.fourOrFiveK(x, block, isFive: true)
    case .q6_k: unsafe Self.q6_k(x, block)
    case .tq1_0: unsafe Self.tq1_0(x, block)
    case .tq2_0: unsafe Self.tq2_0(x, block)
    case .mxfp4: unsafe Self.mxfp4(x, block)
    default: preconditionFailure("nothing is quantised to \(type.rawValue)")
    }
  }

  private static func firstSpecial(_ x: UnsafePointer<Float>, _ count: Int) -> Int? {
    guard unsafe largestMagnitude(x, count) >= 0x7F80_0000 else { return nil }
    return (0..<count).first { unsafe !x[$0].isFinite }
  }

  /// The bits of the largest magnitude: magnitudes are ordered as their bits are, which vectors compare.
  @inline(__always)
  static func largestMagnitude(_ x: UnsafePointer<Float>, _ count: Int) -> UInt32 {
    var largest: Int32 = 0
    var index = 0
    while index < count {
      largest = unsafe max(largest, Int32(bitPattern: x[index].bitPattern & 0x7FFF_FFFF))
      index &+= 1
    }
    return UInt32(bitPattern: largest)
  }

  /// Writes `number`, rounded to an f16, to two bytes.
  @inline(__always)
  static func store(_ number: Float, _ target: UnsafeMutablePointer<UInt8>) {
    let half = FloatRounding.half(number.bitPattern)
    unsafe target[0] = UInt8(truncatingIfNeeded: half)
    unsafe target[1] = UInt8(truncatingIfNeeded: half &>> 8)
  }

  /// 1 / d; 0 where d is 0.
  @inline(__always)
  static func inverse(_ d: Float) -> Float { d == 0 ? 0 : 1 / d }
}
