import TensorModel

/// Widens elements to doubles, a block at a time: every number of a real type, exactly but for integers of 64 bits, which
/// are rounded; of C64, the two parts of each element behind each other.
struct CompareWidening {
  private let dtype: DType
  /// The number of each pattern of a float of at most 8 bits; empty for other types.
  private let table: [Double]

  /// Nil for bytes without a meaning.
  init?(_ dtype: DType) {
    guard dtype.values != .opaque else { return nil }
    self.dtype = dtype
    guard case .float(let layout) = dtype.values, layout.width <= 8 else {
      table = []
      return
    }
    table = (0..<UInt64(1) << UInt64(layout.width)).map { Double(layout.single(ofBits: $0)) }
  }

  /// Doubles for each element.
  var parts: Int { isComplex ? 2 : 1 }

  var isComplex: Bool {
    if case .complex = dtype.values { true } else { false }
  }

  /// Whether some numbers of the type have no double.
  var rounds: Bool { dtype.elementBits == 64 && (dtype.values == .signed || dtype.values == .unsigned) }

  /// Writes `count` elements from `first` on, counted from `source`, to `target`: of a block type, whole blocks.
  @inline(__always)
  func widen(_ source: UnsafeRawPointer, _ first: Int, _ count: Int, into target: UnsafeMutablePointer<Double>) {
    switch (dtype.values, dtype.elementBits) {
    case (.float(.f64), _): unsafe Self.each(source, first, count, target) { Double(bitPattern: $0) }
    case (.float(.f32), _): unsafe Self.each(source, first, count, target) { Double(Float(bitPattern: $0)) }
    case (.float(.bf16), _):
      unsafe Self.each(source, first, count, target) { (word: UInt16) in
        Double(Float(bitPattern: UInt32(word) &<< 16))
      }
    case (.float(.f16), _): unsafe Self.each(source, first, count, target) { Double(Dequantize.half($0 as UInt16)) }
    case (.blocks(let type), _): unsafe dequantize(source, first, count, type, target)
    case (.complex, _): unsafe Self.each(source, 2 &* first, 2 &* count, target) { Double(Float(bitPattern: $0)) }
    case (.float, let width): unsafe lookUp(source, first, count, width, target)
    case (.signed, 8): unsafe Self.each(source, first, count, target) { Double(Int8(bitPattern: $0)) }
    case (.signed, 16): unsafe Self.each(source, first, count, target) { Double(Int16(bitPattern: $0)) }
    case (.signed, 32): unsafe Self.each(source, first, count, target) { Double(Int32(bitPattern: $0)) }
    case (.signed, _): unsafe Self.each(source, first, count, target) { Double(Int64(bitPattern: $0)) }
    case (_, 8): unsafe Self.each(source, first, count, target) { (word: UInt8) in Double(word) }
    case (_, 16): unsafe Self.each(source, first, count, target) { (word: UInt16) in Double(word) }
    case (_, 32): unsafe Self.each(source, first, count, target) { (word: UInt32) in Double(word) }
    default: unsafe Self.each(source, first, count, target) { (word: UInt64) in Double(word) }
    }
  }

  @inline(__always)
  private static func each<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ source: UnsafeRawPointer, _ first: Int, _ count: Int, _ target: UnsafeMutablePointer<Double>,
    _ number: (Word) -> Double
  ) {
    let start = unsafe source + first &* MemoryLayout<Word>.size
    var index = 0
    while index < count {
      let word = unsafe start.loadUnaligned(fromByteOffset: index &* MemoryLayout<Word>.size, as: Word.self)
      unsafe target[index] = number(word)
      index &+= 1
    }
  }

  private func dequantize(
    _ source: UnsafeRawPointer, _ first: Int, _ count: Int, _ type: BlockType, _ target: UnsafeMutablePointer<Double>
  ) {
    let (elements, bytes) = (dtype.blockElements, dtype.blockBytes)
    precondition(first % elements == 0 && count % elements == 0)
    let blocks = unsafe RawSpan(
      _unsafeStart: source + first / elements * bytes, byteCount: count / elements * bytes)
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { numbers in
      unsafe Dequantize.floats(of: blocks, type, into: UnsafeMutableRawPointer(numbers.baseAddress!))
      unsafe Self.each(numbers.baseAddress!, 0, count, target) { Double(Float(bitPattern: $0)) }
    }
  }

  private func lookUp(
    _ source: UnsafeRawPointer, _ first: Int, _ count: Int, _ width: Int, _ target: UnsafeMutablePointer<Double>
  ) {
    unsafe table.withUnsafeBufferPointer { table in
      guard width < 8 else {
        return unsafe Self.each(source, first, count, target) { (word: UInt8) in unsafe table[Int(word)] }
      }
      let mask = 1 << width - 1
      for index in 0..<count {
        let bit = (first + index) * width
        var word = unsafe Int(source.load(fromByteOffset: bit / 8, as: UInt8.self))
        if bit % 8 + width > 8 { word |= unsafe Int(source.load(fromByteOffset: bit / 8 + 1, as: UInt8.self)) << 8 }
        unsafe target[index] = table[word >> (bit % 8) & mask]
      }
    }
  }
}
