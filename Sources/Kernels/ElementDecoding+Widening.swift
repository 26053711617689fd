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

/// Widens BF16, every float type of at most 8 bits and elements of block types to f32, exactly.
public struct FloatWidening: Sendable {
  private let dtype: DType
  /// The number of each pattern; empty for BF16 and block types.
  private let table: [Float]

  /// Nil where `dtype` is none of those.
  public init?(_ dtype: DType) {
    guard dtype.blockType == nil else {
      self.dtype = dtype
      table = []
      return
    }
    guard case .float(let layout) = dtype.values, layout.width <= 8 || layout == .bf16 else { return nil }
    self.dtype = dtype
    table = layout.width > 8 ? [] : (0..<UInt64(1) << UInt64(layout.width)).map { layout.single(ofBits: $0) }
  }

  /// Writes the numbers of `elements`, counted from the start of `source`, to the front of `output`.
  /// - Precondition: `source` begins at a block boundary and holds the elements; `output` has room for them.
  public func widen(_ source: RawSpan, _ elements: Range<Int>, into output: inout [Float]) {
    precondition(elements.lowerBound >= 0 && elements.count <= output.count)
    if let type = dtype.blockType { return blocks(source, type, elements, into: &output) }
    let width = dtype.elementBits
    precondition(elements.upperBound <= source.byteCount * 8 / width)
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

  /// Whole blocks go straight to the output, a part of one through numbers of its own.
  private func blocks(_ source: RawSpan, _ type: BlockType, _ elements: Range<Int>, into output: inout [Float]) {
    let (perBlock, bytes) = (dtype.blockElements, dtype.blockBytes)
    precondition(elements.upperBound <= source.byteCount / bytes * perBlock)
    var next = elements.lowerBound
    while next < elements.upperBound {
      let block = next / perBlock
      let whole = (elements.upperBound - next) / perBlock
      let target = next - elements.lowerBound
      if next % perBlock == 0, whole > 0 {
        let run = source.extracting((block * bytes)..<((block + whole) * bytes))
        unsafe output.withUnsafeMutableBufferPointer {
          unsafe Dequantize.floats(of: run, type, into: UnsafeMutableRawPointer($0.baseAddress! + target))
        }
        next += whole * perBlock
      } else {
        let part = (next % perBlock)..<min(perBlock, next % perBlock + elements.upperBound - next)
        let numbers = BlockWidening.numbers(of: source.extracting((block * bytes)..<((block + 1) * bytes)), type)
        output.replaceSubrange(target..<(target + part.count), with: numbers[part])
        next += part.count
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
