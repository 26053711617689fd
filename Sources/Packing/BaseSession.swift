import Containers
import Kernels
import TensorModel

/// One worker's way to the tensors of a base.
final class BaseSession {
  private let base: BaseModel
  private let session: any TensorSession

  init(_ base: BaseModel) {
    self.base = base
    session = base.reader.makeSession()
  }

  /// Lends a range of a tensor's bytes. What goes wrong names the base.
  func withBytes<Result>(
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

  func release(of tensor: Int, _ range: Range<Int>) { session.release(of: tensor, range) }

  /// The hash of all bytes of a tensor.
  func hash(of tensor: Int) throws(ModelError) -> UInt64 {
    var state = XXH3()
    let grid = base.reader.grid(of: tensor)
    for chunk in 0..<grid.count {
      let range = grid.bytes(ofChunk: chunk)
      try withBytes(of: tensor, range) { (bytes) throws(ModelError) in state.update(bytes) }
      release(of: tensor, range)
    }
    return state.value
  }
}
