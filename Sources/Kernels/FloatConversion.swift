public import TensorModel

/// Converts floats of 64, 32, 16 and 8 bits into each other, each rounded once: see `FloatLayout.convert`.
///
/// Every pair goes through f32, which holds all types but F64 exactly; F64 on its way to less than f32 is rounded to odd,
/// so that the second rounding is the only one that shows.
public struct FloatConversion: Sendable {
  public let source: DType
  public let target: DType
  private let layouts: (source: FloatLayout, target: FloatLayout)
  /// The f32 patterns of a source of 8 bits.
  private let wide: [UInt32]
  /// The bytes of a target of 8 bits, by bf16 patterns.
  private let narrow: [UInt8]

  /// The dtypes between which there is a conversion, wide before narrow.
  public static let dtypes: [DType] = [.f64, .f32, .f16, .bf16, .f8e4m3, .f8e5m2, .f8e4m3fnuz, .f8e5m2fnuz]
  /// Elements that are in f32 at a time: they stay in the first cache.
  private static let blockElements = 2048

  /// Nil unless both are in `dtypes`.
  public init?(from source: DType, to target: DType) {
    guard Self.dtypes.contains(source), Self.dtypes.contains(target),
      case (.float(let from), .float(let to)) = (source.values, target.values)
    else { return nil }
    self.source = source
    self.target = target
    layouts = (from, to)
    wide = from.width == 8 ? (0..<256).map { UInt32(from.convert($0, to: .f32)) } : []
    narrow = to.width == 8 ? (0..<65536).map { UInt8(FloatLayout.bf16.convert($0, to: to)) } : []
  }

  /// Writes the elements of `bytes`, all of them whole, to `output`.
  /// - Precondition: `output` has room for them and does not overlap `bytes`.
  /// - Returns: how many finite elements became infinite or NaN.
  public func convert(_ bytes: RawSpan, into output: UnsafeMutableRawPointer, on set: InstructionSet = .best) -> Int {
    let count = bytes.byteCount / source.blockBytes
    return unsafe bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      if source == target {
        unsafe output.copyMemory(from: start, byteCount: bytes.count)
        return 0
      }
      return unsafe withUnsafeTemporaryAllocation(byteCount: 4 * Self.blockElements, alignment: 64) { block in
        var lost = 0
        var done = 0
        while done < count {
          let part = min(Self.blockElements, count - done)
          let from = unsafe start + done * source.blockBytes
          let to = unsafe output + done * target.blockBytes
          lost &+= unsafe convertBlock(from, part, to, block.baseAddress!, set)
          done += part
        }
        return lost
      }
    }
  }

  private func convertBlock(
    _ from: UnsafeRawPointer, _ count: Int, _ to: UnsafeMutableRawPointer, _ block: UnsafeMutableRawPointer,
    _ set: InstructionSet
  ) -> Int {
    let isSuspect: Bool
    if target == .f32 {
      unsafe widen(from, count, to, set)
      // Only a wider source has finite numbers that f32 lacks.
      isSuspect = source == .f64
    } else if source == .f32 {
      isSuspect = unsafe round(from, count, to, set)
    } else {
      unsafe widen(from, count, block, set)
      isSuspect = unsafe round(block, count, to, set)
    }
    return isSuspect ? unsafe countLost(from, count, to) : 0
  }

  /// From the source to f32.
  private func widen(
    _ from: UnsafeRawPointer, _ count: Int, _ to: UnsafeMutableRawPointer, _ set: InstructionSet
  ) {
    switch source {
    case .f64 where target == .f32: unsafe FloatRounding.roundToF32(from, count: count, into: to)
    case .f64: unsafe FloatRounding.roundToOddF32(from, count: count, into: to)
    case .bf16: unsafe FloatRounding.widenBF16(from, count: count, into: to, on: set)
    case .f16: unsafe FloatRounding.widenF16(from, count: count, into: to, on: set)
    default:
      unsafe wide.withUnsafeBufferPointer {
        unsafe FloatRounding.widenBytes(from, count: count, table: $0.baseAddress!, into: to)
      }
    }
  }

  /// From f32 to the target; returns whether some number may have been too large.
  private func round(
    _ from: UnsafeRawPointer, _ count: Int, _ to: UnsafeMutableRawPointer, _ set: InstructionSet
  ) -> Bool {
    switch target {
    case .f64:
      unsafe FloatRounding.widenToF64(from, count: count, into: to)
      return false
    case .bf16: return unsafe FloatRounding.roundToBF16(from, count: count, into: to, on: set) >= 0x7F80
    case .f16: return unsafe FloatRounding.roundToF16(from, count: count, into: to, on: set) >= 0x7C00
    default:
      unsafe narrow.withUnsafeBufferPointer {
        unsafe FloatRounding.roundToBytes(from, count: count, table: $0.baseAddress!, into: to)
      }
      return true
    }
  }

  /// The elements that are finite before and not after.
  private func countLost(_ from: UnsafeRawPointer, _ count: Int, _ to: UnsafeRawPointer) -> Int {
    var lost = 0
    var index = 0
    while index < count {
      if unsafe isSpecial(to, index, target.blockBytes, layouts.target),
        unsafe !isSpecial(from, index, source.blockBytes, layouts.source)
      {
        lost &+= 1
      }
      index &+= 1
    }
    return lost
  }

  @inline(__always)
  private func isSpecial(_ start: UnsafeRawPointer, _ index: Int, _ width: Int, _ layout: FloatLayout) -> Bool {
    let offset = index &* width
    let bits =
      switch width {
      case 8: unsafe start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      case 4: unsafe UInt64(start.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      case 2: unsafe UInt64(start.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
      default: unsafe UInt64(start.load(fromByteOffset: offset, as: UInt8.self))
      }
    return layout.isSpecial(bits)
  }
}
