import FuzzSupport
import TensorModel

@testable import Containers

nonisolated(unsafe) private let file = MemoryFile()

/// In a file that opens every tensor lies inside the file and can be read; what is packed of it, header, tensors and the
/// rest, is every byte once.
@_cdecl("LLVMFuzzerTestOneInput")
@unsafe public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  unsafe file.write(input(data, count))
  _ = attempt(inputBytes: count) { () throws(ModelError) in
    let model = unsafe try GGUFModel.open(path: file.path)
    for tensor in model.files[0].header.tensors {
      demand(tensor.range.upperBound <= count, "'\(tensor.info.name)' lies inside the file")
      demand(tensor.range.count == tensor.info.byteCount, "'\(tensor.info.name)' has its size")
    }
    demandCover(model.files[0].layout, count)
    demand(readAll(model, inputBytes: count), "what is mapped can be read")
  }
  return 0
}

private func demandCover(_ layout: FileLayout, _ count: Int) {
  var ranges = layout.gaps.map(\.range) + layout.tensors.map(\.range).filter { !$0.isEmpty }
  ranges.sort { $0.lowerBound < $1.lowerBound }
  var end = 0
  for range in ranges {
    demand(range.lowerBound == end && !range.isEmpty, "what lies behind byte \(end) begins there")
    end = range.upperBound
  }
  demand(end == count, "the last piece ends with the file")
  for gap in layout.gaps { demand(gap.range.count % gap.elementBytes == 0, "numbers are whole") }
}
