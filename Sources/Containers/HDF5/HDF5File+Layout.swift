import Filters
import HDF5Protocol
import Kernels
import TensorModel

extension HDF5File {
  /// How the file is cut: tensors that lie in it in one piece, as they are lent, those that lie there in another form, and
  /// bytes between them. Of what lies over each other the first counts.
  package var layout: FileLayout {
    var tensors: [FileLayout.Tensor] = []
    var recoded: [FileLayout.Recoded] = []
    for (number, tensor) in header.tensors.enumerated() {
      switch (tensor.storage, tensor.offset ?? placeInHeader(tensor)) {
      case (.unsupported, _): break
      case (.chunked(let chunks), _):
        let pieces = chunks.pieces(of: tensor)
        recoded.append(
          .init(
            info: tensor.info, number: number, pieces: pieces, remainder: chunks.remainder(of: tensor, besides: pieces))
        )
      case (_, let place?) where tensor.info.byteCount > 0:
        if tensor.turnsBytes {
          recoded.append(.init(turned: tensor.info, number: number, at: place))
        } else {
          tensors.append(.init(info: tensor.info, range: place..<(place + tensor.info.byteCount)))
        }
      // The file has none of its bytes.
      default: recoded.append(.init(info: tensor.info, number: number, pieces: []))
      }
    }
    return FileLayout(
      container: isInArchive ? "keras" : "hdf5", byteCount: map.byteCount, tensors: tensors, recoded: recoded
    ).withoutOverlaps()
  }

  /// Where the elements of a compact dataset lie in its header.
  private func placeInHeader(_ tensor: HDF5Tensor) -> Int? {
    guard case .bytes(let bytes) = tensor.storage, let address = Int(exactly: tensor.headerAddress),
      address < map.byteCount - header.userBlockBytes
    else { return nil }
    let start = address + header.userBlockBytes
    let window = start..<min(map.byteCount, start + Self.headerBytes)
    // Looking at the map fails with nothing.
    let place = try? map.withBytes(window) { HDF5CompactMessage.place(of: bytes, in: $0) }
    return place.flatMap { $0 }.map { start + $0 }
  }

  /// As far as a header may reach that holds elements: they are in one message, of 64 KiB at most.
  private static var headerBytes: Int { 80 << 10 }
}

extension HDF5Chunks {
  /// The chunks that were written, each as it would be made of the tensor's elements.
  fileprivate func pieces(of tensor: HDF5Tensor) -> [FileLayout.Recoded.Piece] {
    stored.compactMap { chunk in
      let box = box(at: place(ofChunk: Int(chunk.index)))
      guard chunk.byteCount > 0, let transforms = transforms(tensor, mask: mask(of: chunk, box)) else { return nil }
      var recoding = Recoding(box, of: tensor.info, padded: shape, transforms: transforms)
      if recoding.isPadded {
        recoding.fill = tensor.fillBlock ?? [UInt8](repeating: 0, count: tensor.info.dtype.blockBytes)
      }
      let start = Int(chunk.offset)
      return .init(range: start..<(start + Int(chunk.byteCount)), recoding: recoding)
    }
  }

  /// The chunks that were written and are none of the pieces.
  fileprivate func remainder(
    of tensor: HDF5Tensor, besides pieces: [FileLayout.Recoded.Piece]
  ) -> FileLayout.Recoded.Remainder? {
    let count = stored.count { $0.byteCount > 0 } - pieces.count
    guard count > 0 else { return nil }
    let foreign = filters.filters.first { Self.transform($0) == nil }
    return .init(
      count: count, byteCount: storedBytes - pieces.reduce(0) { $0 + $1.range.count },
      reason: "went through \(foreign?.description ?? filters.description)")
  }

  /// What makes a chunk's bytes of its elements; nil where a filter is none that is applied again.
  private func transforms(_ tensor: HDF5Tensor, mask: UInt32) -> [ByteTransform]? {
    var transforms = tensor.turnsBytes ? [ByteTransform.swap(ByteSwap.words(tensor.info.dtype))] : []
    for (number, filter) in filters.filters.enumerated() where mask >> UInt32(number) & 1 == 0 {
      guard let transform = Self.transform(filter) else { return nil }
      transforms.append(transform)
    }
    return transforms
  }

  private static func transform(_ filter: ChunkFilter) -> ByteTransform? {
    switch (filter.id, filter.parameters.first.map(Int.init)) {
    case (ChunkFilter.shuffle, let size?) where size > 0: .shuffle(elementBytes: size)
    case (ChunkFilter.deflate, let level?) where level <= 9: .deflate(level: level)
    case (ChunkFilter.fletcher32, _): .fletcher32
    default: nil
    }
  }
}
