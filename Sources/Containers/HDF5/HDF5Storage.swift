import HDF5Protocol
import TensorModel

/// Where a tensor's elements lie, proved.
enum HDF5Storage: Sendable {
  /// In the file, in one piece.
  case place(Int)
  /// In the file's header, at a place that is not known.
  case bytes([UInt8])
  /// Nowhere: each is what fills what was never written.
  case fill
  /// In chunks all over the file.
  case chunked(HDF5Chunks)
  /// Where this build does not read them, and why.
  case unsupported(String)
}

/// A dataset that is a tensor, proved.
struct HDF5Tensor: Sendable {
  let info: TensorInfo
  /// By which the library knows it, which need not be UTF-8; empty where that is never asked.
  var path: [UInt8] = []
  /// Where the header of the dataset lies, from the end of the user block; 2^64 − 1 where that is not known.
  var headerAddress = UInt64.max
  var storage = HDF5Storage.fill
  /// Whether the bytes of its numbers are to be turned.
  let isSwapped: Bool
  /// The bytes that repeat where nothing was written, as the file has them: whole elements of the dtype.
  var fill: [UInt8]
  /// How the file stores it, for people: `contiguous`, `chunked 64×64, shuffle, gzip 6`.
  var layoutText = "contiguous"
  /// The bytes of the file that its elements take.
  var storedBytes = 0

  /// The tensor's place in the file, where its bytes lie there in one piece.
  var offset: Int? {
    if case .place(let offset) = storage { offset } else { nil }
  }
}
