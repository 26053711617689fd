import Encodings
import FuzzSupport
import TensorModel

@testable import Packing

/// Changes one part of a packed file and mends what stands above it, so that inputs get past lengths and checksums: chunks,
/// their streams, shared streams, directories, the index, the header. One time in sixteen it mends nothing.
@_cdecl("LLVMFuzzerCustomMutator")
@unsafe public func mutate(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ maximum: Int, _ seed: UInt32) -> Int {
  var choices = Choices(seed: seed)
  let old = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  return unsafe replace(data, maximum, with: changed(old, &choices)) ?? count
}

private func changed(_ file: [UInt8], _ choices: inout Choices) -> [UInt8] {
  guard Int.random(in: 0..<16, using: &choices) > 0, var outside = try? Outside(file) else { return mutated(file) }
  switch Int.random(in: 0..<8, using: &choices) {
  case 0:
    outside.index = mutated(outside.index)
    return outside.encoded()
  case 1:
    outside.header = outside.header.prefix(8) + mutated(Array(outside.header.dropFirst(8)))
    return outside.encoded()
  default:
    guard var mendable = try? MendableFile(file), let number = mendable.bodies.indices.randomElement(using: &choices)
    else {
      outside.index = mutated(outside.index)
      return outside.encoded()
    }
    mendable.bodies[number].change(mendable.index.encodings, &choices)
    return mendable.encoded()
  }
}

extension MendableFile.Body {
  fileprivate mutating func change(_ encodings: [String], _ choices: inout Choices) {
    let kind = Int.random(in: 0..<8, using: &choices)
    if kind == 0 {
      spoiledDirectory = mutated(directory.encoded())
    } else if kind == 1, let number = shared.indices.randomElement(using: &choices) {
      shared[number] = mutated(shared[number])
    } else if let number = chunks.indices.randomElement(using: &choices) {
      if kind < 4 {
        chunks[number] = mutated(chunks[number])
      } else if var stages = try? ChunkStages(chunks[number], denseBytes: directory.grid.bytes(ofChunk: number).count) {
        stages.change(&choices)
        chunks[number] = stages.encoded()
      }
    }
  }
}
