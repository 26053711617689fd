import ByteStore
package import TensorModel

/// One worker's way to the bytes of an HDF5 file, wherever they are. Offsets count as those of its tensors do.
package protocol HDF5Bytes: AnyObject {
  /// Lends a range of the file, which lies in it. What is lent lives until the next range is asked for.
  func withBytes<Result: ~Copyable>(
    _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result

  /// Gives back the memory of a range that was read.
  func release(_ range: Range<Int>)

  /// The error whose offset is one of the file, as those are told who read it here.
  func located(_ error: ModelError) -> ModelError

  /// Whether the range is known to be zeros without a look at them.
  func isHole(_ range: Range<Int>) -> Bool
}

/// Those of a file on the disk.
final class HDF5MappedBytes: HDF5Bytes {
  private let file: HDF5File
  private let buffer = ReadBuffer()

  init(_ file: HDF5File) { self.file = file }

  func withBytes<Result: ~Copyable>(
    _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    try file.map.withBytes(range, through: buffer, body)
  }

  func release(_ range: Range<Int>) { file.map.release(range) }

  func located(_ error: ModelError) -> ModelError { error }

  func isHole(_ range: Range<Int>) -> Bool { file.map.isHole(range) }
}
