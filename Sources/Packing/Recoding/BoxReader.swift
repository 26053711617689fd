import Codecs
import Containers
import TensorModel

/// Gathers boxes of tensors, padded, row-major: one worker's.
@safe final class BoxReader {
  private let box = ScratchBuffer()

  /// Lends the padded box that `recoding` takes of a tensor.
  /// - Parameters:
  ///   - byteCount: of the padded box: what `Recoding.boxByteCount` gave.
  ///   - read: lends ranges of the tensor's bytes.
  func withBox<Result>(
    _ recoding: Recoding, of info: TensorInfo, byteCount: Int,
    read: (Range<Int>, (RawSpan) throws(ModelError) -> Void) throws(ModelError) -> Void,
    _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let target = unsafe box.raw(byteCount)
    if recoding.isPadded { unsafe fill(target, byteCount, recoding.fill) }
    let runs = recoding.runs(of: info)
    try runs.forEachRun { (source, place) throws(ModelError) in
      try read(source..<(source + runs.runBytes)) { (bytes) throws(ModelError) in
        unsafe bytes.withUnsafeBytes { bytes in
          if let start = bytes.baseAddress { unsafe (target + place).copyMemory(from: start, byteCount: bytes.count) }
        }
      }
    }
    return try body(unsafe RawSpan(_unsafeStart: target, byteCount: byteCount))
  }

  @unsafe private func fill(_ target: UnsafeMutableRawPointer, _ byteCount: Int, _ block: [UInt8]) {
    unsafe block.withUnsafeBytes { block in
      var done = 0
      while done < byteCount {
        unsafe (target + done).copyMemory(from: block.baseAddress!, byteCount: block.count)
        done += block.count
      }
    }
  }
}
