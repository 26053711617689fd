public import TensorModel

extension ElementDecoding {
  /// Writes 0 or 1 for each of `elements`, counted from the start of `source`: whether its byte is not 0.
  /// - Precondition: `source` holds the elements; `output` has room for them.
  public static func booleans(_ source: RawSpan, _ elements: Range<Int>, into output: inout [UInt8]) {
    precondition(elements.lowerBound >= 0 && elements.upperBound <= source.byteCount && elements.count <= output.count)
    unsafe source.withUnsafeBytes { source in
      unsafe output.withUnsafeMutableBufferPointer { output in
        for index in 0..<elements.count {
          unsafe output[index] = unsafe source[elements.lowerBound &+ index] == 0 ? 0 : 1
        }
      }
    }
  }
}

/// Widens BF16 and every float type of at most 8 bits to f32, exactly.
public struct FloatWidening: Sendable {
  private let dtype: DType
  /// The number of each pattern; empty for BF16.
  private let table: [Float]

  /// Nil where `dtype` is no float that is widened.
  public init?(_ dtype: DType) {
    guard case .float(let layout) = dtype.values, layout.width <= 8 || layout == .bf16 else { return nil }
    self.dtype = dtype
    table = layout.width > 8 ? [] : (0..<UInt64(1) << UInt64(layout.width)).map { layout.single(ofBits: $0) }
  }

  /// Writes the numbers of `elements`, counted from the start of `source`, to the front of `output`.
  /// - Precondition: `source` begins at a block boundary and holds the elements; `output` has room for them.
  public func widen(_ source: RawSpan, _ elements: Range<Int>, into output: inout [Float]) {
    let width = dtype.elementBits
    precondition(elements.lowerBound >= 0 && elements.upperBound <= source.byteCount * 8 / width)
    precondition(elements.count <= output.count)
    unsafe source.withUnsafeBytes { source in
      unsafe output.withUnsafeMutableBufferPointer { output in
        switch width {
        case 16: unsafe Self.bf16(source, elements, output)
        case 8: unsafe bytes(source, elements, output)
        default: unsafe codes(source, elements, output)
        }
      }
    }
  }

  private static func bf16(
    _ source: UnsafeRawBufferPointer, _ elements: Range<Int>, _ output: UnsafeMutableBufferPointer<Float>
  ) {
    for index in 0..<elements.count {
      let bits = unsafe source.loadUnaligned(fromByteOffset: 2 * (elements.lowerBound + index), as: UInt16.self)
      unsafe output[index] = Float(bitPattern: UInt32(bits) << 16)
    }
  }

  private func bytes(
    _ source: UnsafeRawBufferPointer, _ elements: Range<Int>, _ output: UnsafeMutableBufferPointer<Float>
  ) {
    unsafe table.withUnsafeBufferPointer { table in
      for index in 0..<elements.count {
        unsafe output[index] = unsafe table[Int(source[elements.lowerBound + index])]
      }
    }
  }

  /// Types narrower than a byte; an element lies in one byte or two.
  private func codes(
    _ source: UnsafeRawBufferPointer, _ elements: Range<Int>, _ output: UnsafeMutableBufferPointer<Float>
  ) {
    let width = dtype.elementBits
    let mask = 1 << width - 1
    for index in 0..<elements.count {
      let bit = (elements.lowerBound + index) * width
      var word = unsafe Int(source[bit / 8])
      if bit % 8 + width > 8 { word |= unsafe Int(source[bit / 8 + 1]) << 8 }
      unsafe output[index] = table[word >> (bit % 8) & mask]
    }
  }
}
