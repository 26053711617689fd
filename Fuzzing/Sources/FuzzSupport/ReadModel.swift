public import Containers
import Glibc
import TensorModel

/// Reads the tensors of an opened model as commands do, chunk by chunk; of a large one those chunks that are small.
/// - Returns: whether all of that could be read.
public func readAll(_ model: any ContainerReader, inputBytes: Int) -> Bool {
  let session = model.makeSession()
  var isReadable = true
  for (number, entry) in model.catalog.tensors.enumerated() {
    let grid = model.grid(of: number)
    demand(grid.byteCount == entry.info.byteCount, "the grid of '\(entry.info.name)' covers it")
    for chunk in 0..<min(grid.count, 1000) {
      let range = grid.bytes(ofChunk: chunk)
      guard range.count <= 1 << 17 else { break }
      let block = attempt(inputBytes: inputBytes) { () throws(ModelError) in
        try session.repeatedBlock(of: number, range)
      }
      let matches = attempt(inputBytes: inputBytes) { () throws(ModelError) in
        try session.withBytes(of: number, range) { bytes in
          demand(bytes.byteCount == range.count, "\(bytes.byteCount) bytes lent for \(range)")
          return isRepeated(block ?? nil, bytes)
        }
      }
      demand(matches != false, "the repeated block of '\(entry.info.name)' is what its bytes repeat")
      isReadable = isReadable && block != nil && matches != nil
      session.release(of: number, range)
    }
  }
  return isReadable
}

/// Whether `bytes` are copies of `block`; without one, anything goes. All bytes are looked at, by calls that cost nothing
/// under instrumentation.
private func isRepeated(_ block: [UInt8]?, _ bytes: RawSpan) -> Bool {
  let copy = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  guard let block else { return true }
  guard copy.count >= block.count, copy.prefix(block.count) == block[...] else { return false }
  return unsafe copy.withUnsafeBytes {
    unsafe memcmp($0.baseAddress!, $0.baseAddress! + block.count, copy.count - block.count) == 0
  }
}
