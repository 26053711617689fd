import TensorModel

/// What the datasets of a file may still have together, in dense bytes: no file of a few bytes makes a reader go through
/// a great many.
struct HDF5Room {
  private let fileByteCount: Int
  private var bytesLeft: Int

  /// Whatever the size of the file, its datasets may have this many bytes together.
  private static let leastBytes = 4 << 30

  init(fileByteCount: Int, limits: Limits) {
    self.fileByteCount = fileByteCount
    let (product, overflow) = fileByteCount.multipliedReportingOverflow(by: limits.expansion)
    bytesLeft = max(Self.leastBytes, overflow ? .max : product)
  }

  /// - Throws: `malformed` where there is no room for the tensor.
  mutating func take(_ info: TensorInfo) throws(ModelError) {
    guard info.byteCount <= bytesLeft else {
      throw ModelError(
        .malformed, "shape \(info.shape) of \(info.dtype.name), too large for a file of \(fileByteCount) bytes")
    }
    bytesLeft -= info.byteCount
  }
}
