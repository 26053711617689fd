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
    let runs = BoxRuns(recoding, info)
    for run in 0..<runs.count {
      let (source, place) = runs[run]
      try read(source) { (bytes) throws(ModelError) in
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

/// The contiguous runs of a box: where each lies in the tensor's bytes, and where in the padded box's.
struct BoxRuns {
  private let sides: [Recoding.Side]
  private let shape: [Int]
  /// The dimension along which a run goes; those behind it are whole.
  private let axis: Int
  /// Bytes of one element of `axis`; of the last dimension, of a block.
  private let elementBytes: Int
  private let runElements: (start: Int, count: Int)
  /// Runs in the box.
  let count: Int

  /// - Parameter recoding: one that fits the tensor.
  init(_ recoding: Recoding, _ info: TensorInfo) {
    var sides = recoding.sides
    var shape = info.shape
    if let last = sides.indices.last {
      // In blocks from here on.
      let unit = info.dtype.blockElements
      sides[last] = Recoding.Side(
        start: sides[last].start / unit, count: sides[last].count / unit, padded: sides[last].padded / unit)
      shape[last] /= unit
    }
    var axis = sides.count - 1
    var bytes = info.dtype.blockBytes
    while axis > 0, sides[axis].count == shape[axis], sides[axis].padded == shape[axis] {
      bytes *= shape[axis]
      axis -= 1
    }
    self.sides = sides
    self.shape = shape
    self.axis = axis
    elementBytes = bytes
    runElements = axis < 0 ? (0, 1) : (sides[axis].start, sides[axis].count)
    count = recoding.isEmpty ? 0 : sides.prefix(max(axis, 0)).reduce(1) { $0 * $1.count }
  }

  subscript(run: Int) -> (source: Range<Int>, place: Int) {
    var rest = run
    var (source, place) = (runElements.start, 0)
    // From the innermost of the dimensions outside of the run.
    var (sourceStride, placeStride) = axis < 0 ? (1, 1) : (shape[axis], sides[axis].padded)
    for outer in stride(from: axis - 1, through: 0, by: -1) {
      let index = rest % sides[outer].count
      rest /= sides[outer].count
      source += (sides[outer].start + index) * sourceStride
      place += index * placeStride
      sourceStride *= shape[outer]
      placeStride *= sides[outer].padded
    }
    let start = source * elementBytes
    return (start..<(start + runElements.count * elementBytes), place * elementBytes)
  }

  /// The tensor's bytes from the first to the last that the box takes.
  var hull: Range<Int> {
    guard count > 0 else { return 0..<0 }
    return self[0].source.lowerBound..<self[count - 1].source.upperBound
  }
}
