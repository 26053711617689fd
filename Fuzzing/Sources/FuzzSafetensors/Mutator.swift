import FuzzSupport
import TensorModel

@testable import Containers

/// Changes the header or the data, and makes the length in front fit the header. One time in two offsets and the length of
/// the file are made to fit too, where the header can be understood.
@_cdecl("LLVMFuzzerCustomMutator")
@unsafe public func mutate(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ maximum: Int, _ seed: UInt32) -> Int {
  var choices = Choices(seed: seed)
  let old = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  let new = changed(old, &choices)
  return unsafe replace(data, maximum, with: new) ?? count
}

private func changed(_ file: [UInt8], _ choices: inout Choices) -> [UInt8] {
  guard let length = headerLength(file), Int.random(in: 0..<16, using: &choices) > 0 else { return mutated(file) }
  var header = Array(file[8..<(8 + length)])
  var body = Array(file[(8 + length)...])
  if body.isEmpty || Int.random(in: 0..<8, using: &choices) > 0 {
    header = mutated(header)
  } else {
    body = mutated(body)
  }
  if Bool.random(using: &choices) { tile(&header, &body) }
  var writer = ByteWriter()
  writer.integer(UInt64(header.count))
  writer.append(header)
  writer.append(body)
  return writer.bytes
}

private func headerLength(_ file: [UInt8]) -> Int? {
  guard file.count >= 8 else { return nil }
  let length = unsafe SafetensorsHeader.headerByteCount(file.span.bytes)
  return length <= file.count - 8 ? Int(length) : nil
}

/// Writes the header anew with offsets that follow from its shapes, and brings the data to their sum.
private func tile(_ header: inout [UInt8], _ body: inout [UInt8]) {
  var parser = SafetensorsHeaderParser(limits: Limits())
  let isSound: Void? = attempt(inputBytes: 8 + header.count) { () throws(ModelError) in
    try unsafe parser.parse(header.span.bytes)
  }
  guard isSound != nil else { return }
  var end = 0
  var text = JSONText(pretty: false)
  text.object(nil) { text in
    if !parser.metadata.isEmpty || parser.typedMetadata != nil {
      text.object("__metadata__") { text in
        for pair in parser.metadata { text.string(pair.key, pair.value) }
        if let typed = parser.typedMetadata { text.string(SafetensorsMetadata.key, typed.text) }
      }
    }
    for claim in parser.claims where claim.info.byteCount <= 4096 {
      text.object(claim.info.name) { text in
        text.string("dtype", claim.info.dtype.name)
        text.array("shape") { text in for dimension in claim.info.shape { text.integer(nil, dimension) } }
        text.array("data_offsets") { text in
          text.integer(nil, end)
          text.integer(nil, end + claim.info.byteCount)
        }
      }
      end += claim.info.byteCount
    }
  }
  header = Array(text.text.utf8)
  body = Array(body.prefix(end)) + [UInt8](repeating: 0x5A, count: max(0, end - body.count))
}
