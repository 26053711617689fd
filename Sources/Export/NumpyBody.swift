import Kernels
import TensorModel

/// Elements as numpy stores them: as they are, booleans as 0 or 1, floats that numpy lacks as f32.
struct NumpyBody: ElementForm {
  private let dtype: DType
  private let widening: FloatWidening?
  private var floats: [Float]
  private var booleans: [UInt8]

  /// Elements that are converted at once.
  private static let run = 1 << 14

  init(_ dtype: DType) {
    self.dtype = dtype
    widening = FloatWidening(dtype)
    floats = Array(repeating: 0, count: widening == nil ? 0 : Self.run)
    booleans = Array(repeating: 0, count: dtype.values == .boolean ? Self.run : 0)
  }

  mutating func write(_ bytes: RawSpan, _ elements: Range<Int>, to sink: any ByteSink) throws(ModelError) {
    if dtype.values == .boolean {
      for run in elements.runs(of: Self.run) {
        ElementDecoding.booleans(bytes, run, into: &booleans)
        let lent = unsafe booleans.span.bytes
        try sink.write(lent.extracting(0..<run.count))
      }
    } else if let widening {
      for run in elements.runs(of: Self.run) {
        widening.widen(bytes, run, into: &floats)
        let lent = unsafe floats.span.bytes
        try sink.write(lent.extracting(0..<(run.count * 4)))
      }
    } else {
      let width = dtype.blockBytes
      try sink.write(bytes.extracting((elements.lowerBound * width)..<(elements.upperBound * width)))
    }
  }
}

extension Range<Int> {
  /// The range in pieces of at most `count`.
  func runs(of count: Int) -> some Sequence<Range<Int>> {
    stride(from: lowerBound, to: upperBound, by: count).lazy.map { $0..<Swift.min($0 + count, upperBound) }
  }
}
