public import TensorModel

/// Widens elements of a float type to doubles, exactly, in blocks that stay in the first-level cache.
public struct DoubleWidening: Sendable {
  /// Elements that are widened at once.
  public static let blockElements = 2048

  private let dtype: DType
  /// The number of each pattern of types of one byte.
  private let table: [Double]

  /// Nil where the order of `dtype` by magnitude isn't known.
  public init?(_ dtype: DType) {
    guard MagnitudeOrder(dtype) != nil, case .float(let layout) = dtype.values else { return nil }
    self.dtype = dtype
    table = dtype.blockBytes == 1 ? (0..<256).map { Double(layout.single(ofBits: $0)) } : []
  }

  /// Bytes of one element.
  var elementBytes: Int { dtype.blockBytes }

  /// Lends the numbers block by block, with the index of the first of each.
  @inline(__always)
  func forEachBlock(_ source: UnsafeRawBufferPointer, _ body: (UnsafeMutableBufferPointer<Double>, Int) -> Void) {
    guard let start = source.baseAddress else { return }
    let width = dtype.blockBytes
    let count = source.count / width
    unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.blockElements) { block in
      var first = 0
      while first < count {
        let elements = min(Self.blockElements, count &- first)
        unsafe widen(start + first &* width, elements, block)
        unsafe body(UnsafeMutableBufferPointer(rebasing: block[0..<elements]), first)
        first &+= elements
      }
    }
  }

  func widen(_ source: UnsafeRawPointer, _ count: Int, _ output: UnsafeMutableBufferPointer<Double>) {
    switch (dtype.values, dtype.blockBytes) {
    case (.float(.f64), _):
      for index in 0..<count {
        unsafe output[index] = Double(bitPattern: source.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self))
      }
    case (.float(.f32), _):
      for index in 0..<count {
        unsafe output[index] = Double(
          Float(bitPattern: source.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)))
      }
    case (.float(.bf16), _):
      for index in 0..<count {
        let word = unsafe source.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self)
        unsafe output[index] = Double(Float(bitPattern: UInt32(word) &<< 16))
      }
    case (.float(.f16), _):
      for index in 0..<count {
        unsafe output[index] = Self.half(source.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self))
      }
    default:
      unsafe table.withUnsafeBufferPointer { table in
        for index in 0..<count {
          unsafe output[index] = table[Int(source.loadUnaligned(fromByteOffset: index, as: UInt8.self))]
        }
      }
    }
  }

  /// An f16 as a double, without the call that a conversion is on processors of the baseline.
  ///
  /// Its bits, moved to where an f32 has them, are that number times 2^-112; subnormals too.
  @inline(__always)
  private static func half(_ word: UInt16) -> Double {
    let magnitude = UInt32(word & 0x7FFF) &<< 13
    // Infinity and NaN get the largest exponent.
    let special: UInt32 = word & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
    let sign = UInt32(word & 0x8000) &<< 16
    let scaled = Float(bitPattern: magnitude) * 0x1p112
    return Double(Float(bitPattern: scaled.bitPattern | special | sign))
  }

  /// Writes the magnitudes of the elements as bits of doubles, which order as they do.
  public func magnitudes(_ source: RawSpan, into keys: inout [UInt64]) {
    unsafe source.withUnsafeBytes { source in
      unsafe keys.withUnsafeMutableBufferPointer { keys in
        precondition(source.count / dtype.blockBytes <= keys.count)
        unsafe forEachBlock(source) { block, first in
          for index in 0..<block.count {
            unsafe keys[first &+ index] = block[index].bitPattern & (UInt64.max >> 1)
          }
        }
      }
    }
  }
  /// Writes the numbers of the elements to `values` from `offset` on.
  public func values(_ source: RawSpan, into values: inout [Double], at offset: Int) {
    precondition(offset >= 0 && offset + source.byteCount / elementBytes <= values.count)
    unsafe source.withUnsafeBytes { source in
      unsafe values.withUnsafeMutableBufferPointer { values in
        unsafe forEachBlock(source) { block, first in
          for index in 0..<block.count { unsafe values[offset &+ first &+ index] = block[index] }
        }
      }
    }
  }
}
