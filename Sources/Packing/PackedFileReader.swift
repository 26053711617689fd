import Codecs
import Encodings
package import TensorModel

/// One worker's way to the bytes of the files that a packed file holds.
package final class PackedFileReader {
  private let file: PackedFile
  private let reader: EntryReader
  private let assembled = ScratchBuffer()

  package init(_ file: PackedFile) {
    self.file = file
    reader = EntryReader(file)
  }

  /// Lends a range of the bytes of file `number`, which must lie inside it. Every error names the packed file.
  package func withBytes<Result: ~Copyable>(
    of number: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    try within(file.path) { () throws(ModelError) in
      let parts = parts(of: number, range)
      guard parts.count != 1 else { return try reader.withBytes(of: parts[0].entry, parts[0].range, body) }
      let target = unsafe assembled.raw(range.count)
      var done = 0
      for part in parts {
        try reader.withBytes(of: part.entry, part.range) { bytes in
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

  /// The bytes of entries that make up a range of a file, in order.
  private func parts(of number: Int, _ range: Range<Int>) -> [(entry: Int, range: Range<Int>)] {
    var parts: [(entry: Int, range: Range<Int>)] = []
    var position = 0
    for operation in file.index.files[number].operations {
      var (entry, whole) = (0, 0..<0)
      switch operation {
      case .bytes(let number, let bytes): (entry, whole) = (number, bytes)
      case .tensor(let number): (entry, whole) = (number, 0..<file.index.entries[number].info.byteCount)
      }
      let wanted = range.clamped(to: position..<(position + whole.count))
      if !wanted.isEmpty {
        let start = whole.lowerBound - position
        let part = (wanted.lowerBound + start)..<(wanted.upperBound + start)
        parts.append((file.index.entries[entry].holder, part))
      }
      position += whole.count
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
