import Kernels
import TensorModel

/// Elements as decimals: a space between them, a line break behind each row of the last dimension.
struct TextRows: ElementForm {
  private let dtype: DType
  /// Elements of a line; 1 for rank 0.
  private let lineElements: Int
  /// Elements still to come on the current line.
  private var left: Int
  private var buffer: [UInt8] = []
  /// Of block types, which are widened some elements at a time.
  private let widening: FloatWidening?
  private var floats: [Float]

  /// Bytes that are gathered before they are written.
  private static let bufferBytes = 1 << 16
  /// Elements that are widened at once.
  private static let run = 1 << 14

  init(_ selection: TensorSelection) {
    dtype = selection.tensor.dtype
    lineElements = selection.shape.last ?? 1
    left = lineElements
    widening = dtype.blockType == nil ? nil : FloatWidening(dtype)
    floats = Array(repeating: 0, count: widening == nil ? 0 : Self.run)
    buffer.reserveCapacity(Self.bufferBytes + 64)
  }

  mutating func write(_ bytes: RawSpan, _ elements: Range<Int>, to sink: any ByteSink) throws(ModelError) {
    if let widening {
      for run in elements.runs(of: Self.run) {
        widening.widen(bytes, run, into: &floats)
        for index in 0..<run.count { try write(.single(floats[index]), to: sink) }
      }
    } else {
      for index in elements { try write(ElementDecoding.value(of: index, in: bytes, dtype), to: sink) }
    }
    try flush(to: sink)
  }

  private mutating func write(_ value: ElementValue, to sink: any ByteSink) throws(ModelError) {
    var text = value.description
    text.withUTF8 { unsafe buffer.append(contentsOf: $0) }
    left -= 1
    buffer.append(UInt8(ascii: left == 0 ? "\n" : " "))
    if left == 0 { left = lineElements }
    if buffer.count >= Self.bufferBytes { try flush(to: sink) }
  }

  private mutating func flush(to sink: any ByteSink) throws(ModelError) {
    try sink.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }
}
