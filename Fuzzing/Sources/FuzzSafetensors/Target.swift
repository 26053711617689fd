import FuzzSupport
import TensorModel

@testable import Containers

nonisolated(unsafe) private let file = MemoryFile()

/// A file that opens tiles: its tensors lie one behind the other from the header to the end, and can be read. A document
/// that is an index of shards names only files beside itself.
@_cdecl("LLVMFuzzerTestOneInput")
@unsafe public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe input(data, count)
  _ = attempt(inputBytes: count) { () throws(ModelError) in
    let index = try SafetensorsIndex(bytes, limits: Limits())
    demand(index.shards.allSatisfy { !$0.contains("/") && !$0.isEmpty && $0 != ".." }, "shards lie beside the index")
    demand(index.shardOfTensor.allSatisfy(index.shards.indices.contains), "every tensor has a shard")
  }
  guard !JSONScanner.beginsObject(bytes) else { return 0 }
  unsafe file.write(bytes)
  _ = attempt(inputBytes: count) { () throws(ModelError) in
    let model = unsafe try SafetensorsModel.open(path: file.path)
    let header = model.files[0].header
    var end = header.dataStart
    for tensor in header.tensors {
      let place = end..<(end + tensor.info.byteCount)
      demand(tensor.range == place, "'\(tensor.info.name)' begins where the last one ends")
      end = tensor.range.upperBound
    }
    demand(end == count, "the last tensor ends with the file")
    demand(readAll(model, inputBytes: count), "what is mapped can be read")
  }
  return 0
}
