import FuzzSupport
import TensorModel

@testable import Containers

/// A document is read as a tree and skipped: both must be of one opinion, at the same byte. A tree that was read is written
/// and read again, and must come back as it was.
@_cdecl("LLVMFuzzerTestOneInput")
@unsafe public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let document = unsafe input(data, count)
  let read = outcome { () throws(ModelError) in try JSONTree.read(document) }
  let skipped = outcome { () throws(ModelError) in
    var scanner = JSONScanner(document)
    try scanner.skipValue()
    try scanner.end(of: "the document")
    return JSONTree.null
  }
  switch (read, skipped) {
  case (.success(let tree), .success):
    let written = tree.written
    let again = outcome { () throws(ModelError) in try unsafe JSONTree.read(written.span.bytes) }
    guard case .success(tree) = again else { fatalError("broken: a tree comes back from its own text") }
  case (.failure(let one), .failure(let other)):
    demand((0...count).contains(one.byteOffset ?? -1), "an error names a byte of the document: \(one)")
    demand(one.message == other.message && one.byteOffset == other.byteOffset, "\(one) is \(other)")
  default:
    fatalError("broken: what can be skipped can be read, and the other way round: \(read), \(skipped)")
  }
  return 0
}

private func outcome(_ body: () throws(ModelError) -> JSONTree) -> Result<JSONTree, ModelError> {
  do throws(ModelError) { return .success(try body()) } catch { return .failure(error) }
}
