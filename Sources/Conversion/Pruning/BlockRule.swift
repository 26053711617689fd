import Kernels
import TensorModel

/// Zeroes whole blocks of a matrix.
struct BlockRule: PruningRule {
  let type: WeightType
  let grid: BlockGrid
  /// The blocks that go.
  let zeroed: BitSet

  func apply(_ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace) {
    workspace.reserve(source.byteCount)
    PruneMagnitude.zero(source, upTo: 0, type.order, into: &workspace.output, at: 0)
    grid.forEachRun(in: elements) { block, run in
      guard zeroed[block] else { return }
      // Blocks that hold anything else are never chosen.
      let bytes = run.lowerBound * type.width..<run.upperBound * type.width
      PruneMagnitude.zero(
        source.extracting(bytes), upTo: type.order.largestFinite, type.order, into: &workspace.output,
        at: bytes.lowerBound)
    }
  }

  func tally(
    _ source: RawSpan, _ elements: Range<Int>, _ workspace: WeightWorkspace
  ) throws(ModelError) -> PruneTally { try tally(source, elements, workspace, type) }
}

/// A fixed number of bits.
struct BitSet: Hashable, Sendable {
  private var words: [UInt64]

  init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

  subscript(index: Int) -> Bool { words[index / 64] >> UInt64(index % 64) & 1 == 1 }

  mutating func insert(_ index: Int) { words[index / 64] |= 1 << UInt64(index % 64) }
}
