public import TensorModel

/// Reads elements of block types as f32, a piece of a tensor at a time, so that the numbers stay in the cache. One
/// worker's; its buffer is kept from piece to piece.
@safe public final class BlockWidening {
  /// Elements that are widened at a time: whole blocks of every type.
  public static let pieceElements = 1 << 15

  private let numbers = UnsafeMutablePointer<Float>.allocate(capacity: pieceElements)

  public init() {}

  deinit { unsafe numbers.deallocate() }

  /// Lends the numbers of `blocks`, which are whole, in order.
  /// - Parameter body: given the bytes of some f32, and which elements of `blocks` they are.
  public func forEachPiece<E: Error>(
    of blocks: RawSpan, _ type: BlockType, _ body: (_ numbers: RawSpan, _ elements: Range<Int>) throws(E) -> Void
  ) throws(E) {
    let (perBlock, bytes) = (type.layout.elements, type.layout.byteCount)
    let end = blocks.byteCount / bytes
    var first = 0
    while first < end {
      let last = min(end, first + Self.pieceElements / perBlock)
      let count = (last - first) * perBlock
      unsafe Dequantize.floats(of: blocks.extracting((first * bytes)..<(last * bytes)), type, into: numbers)
      let lent = unsafe RawSpan(_unsafeStart: numbers, byteCount: count * 4)
      try body(lent, (first * perBlock)..<(last * perBlock))
      first = last
    }
  }

  /// The numbers of one block, or of a few.
  public static func numbers(of blocks: RawSpan, _ type: BlockType) -> [Float] {
    var numbers = [Float](repeating: 0, count: blocks.byteCount / type.layout.byteCount * type.layout.elements)
    unsafe numbers.withUnsafeMutableBytes { target in
      guard let start = target.baseAddress else { return }
      unsafe Dequantize.floats(of: blocks, type, into: start)
    }
    return numbers
  }
}
