import Kernels
package import TensorModel

extension FileLayout.Recoded {
  /// A tensor whose elements lie in the file row-major and big-endian, from byte `offset` on.
  /// - Parameter number: its number in the model that lends its elements.
  package init(turned info: TensorInfo, number: Int, at offset: Int) {
    let transforms = [ByteTransform.swap(ByteSwap.words(info.dtype))]
    // In blocks; a tensor of no dimensions is one.
    var extent = info.shape
    if let last = extent.indices.last { extent[last] /= info.dtype.blockElements }
    let (blockBytes, most) = (info.dtype.blockBytes, ChunkGrid.defaultChunkBytes)
    var end = offset
    let pieces = Box.slabs(of: extent, most: max(1, most / blockBytes)).map { box in
      let start = end
      end += box.count.reduce(blockBytes, *)
      return Piece(
        range: start..<end, recoding: Recoding(box, of: info, padded: box.count, transforms: transforms))
    }
    self.init(info: info, number: number, pieces: pieces)
  }
}
