import Containers
import Kernels
import TensorModel

/// Makes runs of a file of the tensors that a packed file holds: one worker's.
final class EntryRecoder {
  private let file: PackedFile
  private let reader: EntryReader
  private let boxes = BoxReader()
  private let transforms = TransformPipeline()

  init(_ file: PackedFile) {
    self.file = file
    reader = EntryReader(file)
  }

  /// Lends what `recoding` makes of an entry.
  /// - Throws: `malformed` where those are not the `byteCount` bytes with this hash, `unsupported` where a transform is
  ///   not known.
  func withBytes<Result>(
    of entry: Int, _ recoding: Recoding, byteCount: Int, hash: UInt64,
    _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let info = file.index.entries[entry].info
    return try boxes.withBox(
      recoding, of: info, byteCount: try recoding.boxByteCount(info),
      read: { (range, body) throws(ModelError) in try reader.withBytes(of: entry, range, body) },
      { (box) throws(ModelError) in
        try transforms.withResult(of: box, recoding.transforms[...]) { (bytes) throws(ModelError) in
          guard bytes.byteCount == byteCount, XXH3.hash(bytes) == hash else {
            throw ModelError(.malformed, "what is made of its elements is not what was packed")
          }
          return try body(bytes)
        }
      })
  }
}
