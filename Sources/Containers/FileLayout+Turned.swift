import Kernels
package import TensorModel

extension FileLayout.Recoded {
  /// A tensor whose elements lie in the file row-major and big-endian, from byte `offset` on.
  /// - Parameter number: its number in the model that lends its elements.
  package init(turned info: TensorInfo, number: Int, at offset: Int) {
    let transforms = [ByteTransform.swap(ByteSwap.words(info.dtype))]
    let pieces = Slabs(info).map { range, sides in
      Piece(
        range: (offset + range.lowerBound)..<(offset + range.upperBound),
        recoding: Recoding(sides: sides, transforms: transforms))
    }
    self.init(info: info, number: number, pieces: pieces)
  }
}

/// The contiguous boxes that a tensor consists of, each of no more than about a chunk: whole in the last dimensions, a
/// part of one dimension, one element in those before.
private struct Slabs: Sequence {
  private let info: TensorInfo
  /// The dimension that is cut, and how many elements of it a box has.
  private let axis: Int
  private let step: Int
  /// Bytes of one element of `axis`, whole in the dimensions behind it. In the last dimension, of one block.
  private let stepBytes: Int

  init(_ info: TensorInfo) {
    self.info = info
    var axis = info.shape.count - 1
    var bytes = info.dtype.blockBytes
    // How many elements of the last dimension make a block.
    var unit = info.dtype.blockElements
    while axis > 0, bytes * (info.shape[axis] / unit) <= ChunkGrid.defaultChunkBytes {
      bytes *= info.shape[axis] / unit
      unit = 1
      axis -= 1
    }
    self.axis = axis
    stepBytes = bytes
    step = Swift.max(1, ChunkGrid.defaultChunkBytes / Swift.max(1, bytes)) * unit
  }

  func makeIterator() -> AnyIterator<(Range<Int>, [Recoding.Side])> {
    guard info.byteCount > 0 else { return AnyIterator { nil } }
    let whole = info.shape.map { Recoding.Side(start: 0, count: $0, padded: $0) }
    guard axis >= 0 else {
      var isDone = false
      return AnyIterator {
        defer { isDone = true }
        return isDone ? nil : (0..<info.byteCount, whole)
      }
    }
    let unit = axis == info.shape.count - 1 ? info.dtype.blockElements : 1
    var place = [Int](repeating: 0, count: axis + 1)
    var done = 0
    return AnyIterator {
      guard done < info.byteCount else { return nil }
      var sides = whole
      for outer in 0..<axis { sides[outer] = Recoding.Side(start: place[outer], count: 1, padded: 1) }
      let count = Swift.min(step, info.shape[axis] - place[axis])
      sides[axis] = Recoding.Side(start: place[axis], count: count, padded: count)
      let range = done..<(done + count / unit * stepBytes)
      done = range.upperBound
      place[axis] += count
      var turning = axis
      while turning > 0, place[turning] == info.shape[turning] {
        place[turning] = 0
        turning -= 1
        place[turning] += 1
      }
      return (range, sides)
    }
  }
}
