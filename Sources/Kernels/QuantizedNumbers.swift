public import TensorModel

/// The elements of a tensor as numbers in f32, and what these become as elements of the same type.
public struct QuantizedNumbers: Sendable {
  /// The types whose elements f32 holds exactly and which are wide enough for numbers on a grid.
  public static let dtypes: [DType] = [.f32, .f16, .bf16]

  public let dtype: DType
  /// The largest finite number of the type.
  public let largest: Float
  private let widening: FloatConversion
  private let rounding: FloatConversion

  /// Nil unless `dtypes` has it.
  public init?(_ dtype: DType) {
    guard Self.dtypes.contains(dtype), let widening = FloatConversion(from: dtype, to: .f32),
      let rounding = FloatConversion(from: .f32, to: dtype)
    else { return nil }
    self.dtype = dtype
    self.widening = widening
    self.rounding = rounding
    largest =
      switch dtype {
      case .f16: 65504
      case .bf16: Float(bitPattern: 0x7F7F_0000)
      default: .greatestFiniteMagnitude
      }
  }

  /// Writes the numbers of the elements to the front of `numbers`.
  public func load(_ source: RawSpan, into numbers: inout [Float]) {
    precondition(source.byteCount / dtype.blockBytes <= numbers.count)
    unsafe numbers.withUnsafeMutableBytes { numbers in
      guard let start = numbers.baseAddress else { return }
      _ = unsafe widening.convert(source, into: start)
    }
  }

  /// Writes what the elements of `source` become, `numbers` rounded to the type, to the front of `output`. Infinite and NaN
  /// elements keep their bits, and every zero is +0.
  public func store(_ numbers: [Float], over source: RawSpan, into output: inout [UInt8]) {
    let count = source.byteCount / dtype.blockBytes
    precondition(count <= numbers.count && source.byteCount <= output.count)
    unsafe output.withUnsafeMutableBytes { output in
      guard let start = output.baseAddress else { return }
      _ = unsafe rounding.convert(numbers.span.bytes.extracting(first: 4 * count), into: start)
      unsafe source.withUnsafeBytes { source in
        guard let source = source.baseAddress else { return }
        switch dtype {
        case .f32: unsafe Self.mend(start, source, count, UInt32.self, infinity: 0x7F80_0000)
        case .f16: unsafe Self.mend(start, source, count, UInt16.self, infinity: 0x7C00)
        default: unsafe Self.mend(start, source, count, UInt16.self, infinity: 0x7F80)
        }
      }
    }
  }

  @inline(__always)
  private static func mend<Word: FixedWidthInteger & BitwiseCopyable>(
    _ output: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, _ count: Int, _: Word.Type, infinity: Word
  ) {
    let width = Word.bitWidth / 8
    let magnitude = Word.max &>> 1
    var index = 0
    while index < count {
      let before = unsafe source.loadUnaligned(fromByteOffset: index &* width, as: Word.self)
      let after = unsafe output.loadUnaligned(fromByteOffset: index &* width, as: Word.self)
      let unsigned = after & magnitude == 0 ? 0 : after
      let word = before & magnitude >= infinity ? before : unsigned
      unsafe output.storeBytes(of: word, toByteOffset: index &* width, as: Word.self)
      index &+= 1
    }
  }
}
