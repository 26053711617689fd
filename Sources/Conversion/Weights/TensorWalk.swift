import Containers
import Kernels
import TensorModel

/// Reads one tensor from front to back, as often as it takes, in pieces that do not depend on how its container cuts it: so
/// sums over them are the same for every container and any number of threads.
struct TensorWalk {
  let session: any TensorSession
  /// Number in the catalog.
  let tensor: Int
  let info: TensorInfo
  let type: WeightType

  static let pieceElements = 1 << 18
  /// The memory of larger tensors is given back piece by piece, though they are read again.
  private static let heldBytes = 32 << 20

  /// Lends the elements in runs that are their own context under `rule`.
  func forEachPiece(
    under rule: (any WeightRule)? = nil, isLast: Bool = false,
    _ body: (RawSpan, Range<Int>) throws(ModelError) -> Void
  ) throws(ModelError) {
    var start = 0
    while start < info.elementCount {
      let piece = start..<start + min(Self.pieceElements, info.elementCount - start)
      let elements = rule?.context(of: piece) ?? piece
      try read(elements, isLast: isLast) { (bytes) throws(ModelError) in try body(bytes, elements) }
      start = elements.upperBound
    }
  }

  /// Lends a run of elements.
  /// - Parameter isLast: whether the tensor will not be read again.
  func read<Result>(
    _ elements: Range<Int>, isLast: Bool = false, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let bytes = elements.lowerBound * type.width..<elements.upperBound * type.width
    let result = try session.withBytes(of: tensor, bytes, body)
    if isLast || info.byteCount > Self.heldBytes { session.release(of: tensor, bytes) }
    return result
  }

  /// Gives the memory back, where the tensor will not be read again.
  func release() { session.release(of: tensor, 0..<info.byteCount) }

  /// Whether the container knows that there is nothing but zeros.
  func isKnownToBeZero() throws(ModelError) -> Bool {
    guard let block = try session.repeatedBlock(of: tensor, 0..<info.byteCount) else { return false }
    return unsafe PruneMagnitude.count(of: 0, in: block.span.bytes, type.order) == block.count / type.width
  }
}
