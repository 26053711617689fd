import Codecs
import Containers
import Encodings
package import TensorModel

/// One worker's way to the bytes of the files that a packed file holds.
package final class PackedFileReader {
  private let file: PackedFile
  private let reader: EntryReader
  private let recoder: EntryRecoder
  private let assembled = ScratchBuffer()

  package init(_ file: PackedFile) {
    self.file = file
    reader = EntryReader(file)
    recoder = EntryRecoder(file)
  }

  /// Lends a range of the bytes of file `number`, which must lie inside it. Every error names the packed file.
  package func withBytes<Result: ~Copyable>(
    of number: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    try within(file.path) { () throws(ModelError) in
      let parts = parts(of: number, range)
      if parts.count == 1, parts[0].recoding == nil {
        return try reader.withBytes(of: parts[0].entry, parts[0].range, body)
      }
      let target = unsafe assembled.raw(range.count)
      var done = 0
      for part in parts {
        try withBytes(part) { bytes in
          unsafe bytes.withUnsafeBytes { source in
            if let start = source.baseAddress {
              unsafe (target + done).copyMemory(from: start, byteCount: source.count)
            }
          }
        }
        done += part.range.count
      }
      return try body(unsafe RawSpan(_unsafeStart: target, byteCount: range.count))
    }
  }

  /// A run of a file: bytes of an entry, or some of what is made of a box of it.
  private struct Part {
    var entry: Int
    var range: Range<Int>
    var recoding: (Recoding, byteCount: Int, hash: UInt64)?
  }

  private func withBytes(_ part: Part, _ body: (RawSpan) -> Void) throws(ModelError) {
    guard let (recoding, byteCount, hash) = part.recoding else {
      return try reader.withBytes(of: part.entry, part.range, body)
    }
    try recoder.withBytes(of: part.entry, recoding, byteCount: byteCount, hash: hash) { bytes in
      body(bytes.extracting(part.range))
    }
  }

  /// What makes up a range of a file, in order.
  private func parts(of number: Int, _ range: Range<Int>) -> [Part] {
    var parts: [Part] = []
    var position = 0
    for operation in file.index.files[number].operations {
      let start: Int
      let byteCount = operation.byteCount(in: file.index.entries)
      if case .bytes(_, let bytes) = operation { start = bytes.lowerBound } else { start = 0 }
      let wanted = range.clamped(to: position..<(position + byteCount))
      if !wanted.isEmpty {
        let shift = start - position
        var part = Part(
          entry: file.index.entries[operation.entry].holder,
          range: (wanted.lowerBound + shift)..<(wanted.upperBound + shift))
        if case .recoded(_, let recoding, let byteCount, let hash) = operation {
          part.recoding = (recoding, byteCount, hash)
        }
        parts.append(part)
      }
      position += byteCount
    }
    return parts
  }
}

extension PackedFile {
  /// The files that it holds: paths in the packed folder, modes, lengths.
  package var members: [(path: String, mode: UInt32, byteCount: Int)] {
    index.files.map { ($0.path, $0.mode, $0.byteCount) }
  }
}
