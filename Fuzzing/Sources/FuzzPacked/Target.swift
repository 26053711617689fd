import FuzzSupport
import Kernels
import TensorModel

@testable import Packing

nonisolated(unsafe) private let file = MemoryFile()

/// A packed file that opens is checked, read as a model, and unpacked. One that the check calls intact can be read to its
/// end, and unpacks to as many bytes as it announces, with the digest that it announces.
@_cdecl("LLVMFuzzerTestOneInput")
@unsafe public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  unsafe file.write(input(data, count))
  let path = unsafe file.path
  let opened = attempt(inputBytes: count) { () throws(ModelError) in try PackedFile(path: path) }
  guard let packed = opened else { return 0 }
  let findings = attempt(inputBytes: count) { () throws(ModelError) in
    try PackedCheck.run(packed, threads: 1, memory: 64 << 20)
  }
  let isIntact = findings?.allSatisfy { $0.failure == nil }
  demand(isIntact != nil, "a check ends with findings")
  look(packed, inputBytes: count)
  let isReadable = attempt(inputBytes: count) { () throws(ModelError) in
    readAll(try PackedModel(packed), inputBytes: count)
  }
  demand(isIntact != true || isReadable != false, "what is intact can be read")
  unpack(packed, isIntact: isIntact == true, inputBytes: count)
  return 0
}

/// What `inspect --explain` asks for: the encodings that chunks name.
private func look(_ packed: PackedFile, inputBytes: Int) {
  let reader = EntryReader(packed)
  for number in packed.index.entries.indices where packed.index.entries[number].role != .alias {
    _ = attempt(inputBytes: inputBytes) { () throws(ModelError) in
      for chunk in 0..<(try reader.directory(of: number).grid.count) {
        _ = try reader.choice(of: number, chunk: chunk)
      }
    }
  }
}

private func unpack(_ packed: PackedFile, isIntact: Bool, inputBytes: Int) {
  guard !packed.isFolder, packed.byteCount <= 1 << 18 else { return }
  let output = MemoryOutput()
  let options = Unpacker.Options(threads: 1, maximumExpansion: .max)
  let isDone: Void? = attempt(inputBytes: inputBytes) { () throws(ModelError) in
    try Unpacker.unpack(packed, into: output, options)
  }
  demand(isDone != nil || !isIntact, "what is intact can be unpacked")
  guard isDone != nil else { return }
  demand(output.isFinished, "an output is finished")
  demand(output.bytes.count == packed.byteCount, "\(output.bytes.count) bytes, announced were \(packed.byteCount)")
  demand(digest(of: output.bytes, packed) == packed.index.files[0].digest, "the digest is that of the bytes")
}

/// The digest of a rebuilt file, from its bytes and the pieces in which they are hashed (`formats/packed.md`).
private func digest(of bytes: [UInt8], _ packed: PackedFile) -> UInt64 {
  var digest = FileDigest()
  var position = 0
  for operation in packed.index.files[0].operations {
    let entry = packed.index.entries[operation.entry].holder
    var range = 0..<operation.byteCount(in: packed.index.entries)
    if case .bytes(_, let part) = operation { range = part }
    guard !range.isEmpty, let grid = try? packed.directory(of: entry).grid else { continue }
    for chunk in grid.chunk(holding: range.lowerBound)...grid.chunk(holding: range.upperBound - 1) {
      let count = grid.bytes(ofChunk: chunk).clamped(to: range).count
      let piece = unsafe bytes.span.bytes.extracting(position..<(position + count))
      digest.append(byteCount: count, hash: XXH3.hash(piece))
      position += count
    }
  }
  return digest.value
}
