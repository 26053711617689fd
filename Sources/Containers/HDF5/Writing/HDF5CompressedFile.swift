import TensorModel

/// An HDF5 file with compressed chunks on its way to the disk: its header has room for where they lie, and is filled in when
/// all are written.
public struct HDF5CompressedFile: Sendable {
  /// Per dataset, the chunks that it has; nil where its elements lie in one piece.
  public let chunks: [HDF5OutputChunks?]
  /// Where chunks may lie: behind the header, and what lies in one piece.
  public let start: Int
  /// Per dataset in one piece, where its elements begin.
  public let places: [Int?]
  private let header: HDF5HeaderText

  /// - Parameter image: an HDF5 file with this outline.
  public init?(_ image: FileImage, _ compression: HDF5Compression) {
    guard let outline = image.compressible else { return nil }
    var header = outline.header(compression)
    var end = header.bytes.count
    var places: [Int?] = []
    let chunks = header.datasets.map(\.chunks)
    for (number, info) in outline.tensors.enumerated() {
      guard chunks[number] == nil, info.byteCount > 0 else {
        places.append(nil)
        continue
      }
      end += end.padding(to: FileImage.alignment)
      header.setAddress(end, ofDataset: number)
      places.append(end)
      end += info.byteCount
    }
    self.header = header
    self.chunks = chunks
    self.places = places
    start = end
  }

  /// The bytes at the front of the file.
  /// - Parameters:
  ///   - written: per dataset, its chunks that were written, in their order. The others are zeros.
  ///   - byteCount: of the file.
  public func headerBytes(_ written: [[HDF5WrittenChunk]], byteCount: Int) -> [UInt8] {
    var header = header
    for (number, chunks) in written.enumerated() { header.setChunks(chunks, ofDataset: number) }
    header.setByteCount(byteCount)
    return header.bytes
  }
}
