import Kernels
import TensorModel

/// Whether the elements of one tensor are those of another, rounded to its type.
struct Rounding: Sendable {
  /// Which of the two would be the rounded one.
  enum Side: String, Sendable {
    case a, b
  }

  fileprivate enum Way: Sendable {
    /// Each number to the nearest.
    case numbers(FloatConversion)
    /// Blocks of them as a reference quantiser gives them, from numbers of a type: nil where they are F32 already.
    case blocks(BlockQuantizer, FloatConversion?)
  }

  let side: Side
  fileprivate let way: Way
  /// Elements that are converted at a time: whole blocks of every type.
  private static let pieceElements = 4096

  /// The narrower type would be the rounded one; of two of one width, B's. Nil where there is no conversion.
  init?(_ a: DType, _ b: DType) {
    // Bits of an element; those of a block are shared.
    let (aBits, bBits) = (a.blockBytes * b.blockElements, b.blockBytes * a.blockElements)
    side = bBits <= aBits ? .b : .a
    let (wide, narrow) = side == .b ? (a, b) : (b, a)
    guard a != b, let way = Way(from: wide, to: narrow) else { return nil }
    self.way = way
  }
}

extension Rounding {
  /// Whether each of `count` elements is what the other's become: as numbers, rounded to the nearest, ties to even, any
  /// NaN is any NaN; as blocks, the same bytes.
  func holds(_ a: RawSpan, _ b: RawSpan, count: Int) -> Bool {
    let (wide, narrow) = side == .b ? (a, b) : (b, a)
    var start = 0
    while start < count {
      let piece = start..<min(start + Self.pieceElements, count)
      guard holds(wide, narrow, piece) else { return false }
      start = piece.upperBound
    }
    return true
  }

  private func holds(_ wide: RawSpan, _ narrow: RawSpan, _ piece: Range<Int>) -> Bool {
    switch way {
    case .numbers(let conversion):
      let expected = narrow.elements(piece, conversion.target)
      return unsafe withUnsafeTemporaryAllocation(byteCount: expected.byteCount, alignment: 64) { rounded in
        guard let target = rounded.baseAddress else { return true }
        _ = unsafe conversion.convert(wide.elements(piece, conversion.source), into: target)
        let found = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rounded))
        return CompareElements.differences(expected, found, conversion.target).values == 0
      }
    case .blocks(let quantizer, nil):
      return Self.areBlocks(narrow, of: wide.elements(piece, .f32), piece, quantizer)
    case .blocks(let quantizer, let conversion?):
      return unsafe withUnsafeTemporaryAllocation(byteCount: 4 * piece.count, alignment: 64) { floats in
        _ = unsafe conversion.convert(wide.elements(piece, conversion.source), into: floats.baseAddress!)
        return unsafe Self.areBlocks(
          narrow, of: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(floats)), piece, quantizer)
      }
    }
  }

  /// Whether `blocks` has at `piece` what the quantiser makes of the numbers.
  private static func areBlocks(
    _ blocks: RawSpan, of numbers: RawSpan, _ piece: Range<Int>, _ quantizer: BlockQuantizer
  ) -> Bool {
    let layout = quantizer.type.layout
    let start = piece.lowerBound / layout.elements * layout.byteCount
    let byteCount = piece.count / layout.elements * layout.byteCount
    let expected = blocks.extracting(start..<(start + byteCount))
    return unsafe withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 64) { made in
      guard let target = made.baseAddress else { return true }
      guard unsafe quantizer.quantize(numbers, into: target) == nil else { return false }
      return ByteCompare.areEqual(expected, unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(made)))
    }
  }
}

extension Rounding.Way {
  init?(from wide: DType, to narrow: DType) {
    if let conversion = FloatConversion(from: wide, to: narrow) {
      self = .numbers(conversion)
    } else if let quantizer = narrow.blockType.flatMap(BlockQuantizer.init),
      [.f32, .f16, .bf16].contains(wide)
    {
      self = .blocks(quantizer, wide == .f32 ? nil : FloatConversion(from: wide, to: .f32))
    } else {
      return nil
    }
  }
}

extension RawSpan {
  /// A range of elements of a dtype whose blocks are one element each.
  @_lifetime(copy self)
  fileprivate func elements(_ range: Range<Int>, _ dtype: DType) -> RawSpan {
    extracting((range.lowerBound * dtype.blockBytes)..<(range.upperBound * dtype.blockBytes))
  }
}
