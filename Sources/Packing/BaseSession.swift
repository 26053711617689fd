import Codecs
import Containers
import Encodings
import Kernels
import TensorModel

/// One worker's way to the tensors of a base.
final class BaseSession {
  private let base: BaseModel
  private let session: any TensorSession
  private let converted = ScratchBuffer()

  init(_ base: BaseModel) {
    self.base = base
    session = base.reader.makeSession()
  }

  /// Lends the bytes `range`, whole elements, that the tensor has in another type, each number rounded once.
  func withBytes<Result>(
    of tensor: Int, as dtype: DType, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    guard let conversion = conversion(of: tensor, to: dtype) else { return try withBytes(of: tensor, range, body) }
    let target = unsafe converted.raw(range.count)
    try withBytes(of: tensor, source(of: range, conversion)) { (bytes) throws(ModelError) in
      _ = unsafe conversion.convert(bytes, into: target)
    }
    return try body(unsafe RawSpan(_unsafeStart: target, byteCount: range.count))
  }

  private func conversion(of tensor: Int, to dtype: DType) -> FloatConversion? {
    let source = base.reader.catalog.tensors[tensor].info.dtype
    guard source != dtype else { return nil }
    guard let conversion = FloatConversion(from: source, to: dtype) else {
      preconditionFailure("\(source.name) is not converted to \(dtype.name)")
    }
    return conversion
  }

  private func source(of range: Range<Int>, _ conversion: FloatConversion) -> Range<Int> {
    let (width, from) = (conversion.target.blockBytes, conversion.source.blockBytes)
    return range.lowerBound / width * from..<range.upperBound / width * from
  }

  /// Lends a range of a tensor's bytes. What goes wrong names the base.
  private func withBytes<Result>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    var isOurs = false
    do throws(ModelError) {
      return try session.withBytes(of: tensor, range) { (bytes) throws(ModelError) in
        isOurs = true
        let result = try body(bytes)
        isOurs = false
        return result
      }
    } catch {
      throw isOurs ? error : error.inside("the base \(base.reader.path)")
    }
  }

  /// Says that a range, in the bytes of a type, will not be read again soon.
  func release(of tensor: Int, as dtype: DType, _ range: Range<Int>) {
    let conversion = conversion(of: tensor, to: dtype)
    session.release(of: tensor, conversion.map { source(of: range, $0) } ?? range)
  }

  /// The hash of all bytes of a tensor.
  func hash(of tensor: Int) throws(ModelError) -> UInt64 {
    var state = XXH3()
    let grid = base.reader.grid(of: tensor)
    for chunk in 0..<grid.count {
      let range = grid.bytes(ofChunk: chunk)
      try withBytes(of: tensor, range) { (bytes) throws(ModelError) in state.update(bytes) }
      session.release(of: tensor, range)
    }
    return state.value
  }
}
