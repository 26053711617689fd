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
  /// Of the files that were read of, by their numbers.
  private var places: [Int: ItemIndex] = [:]

  package init(_ file: PackedFile) {
    self.file = file
    reader = EntryReader(file)
    recoder = EntryRecoder(file)
  }

  /// Lends a range of the bytes of file `number`, which must lie inside it. Every error names the packed file.
  package func withBytes<Result: ~Copyable>(
    of number: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    try within(file.path) { () throws(ModelError) in try withFileBytes(of: number, range, body) }
  }

  /// The same, for those who name the packed file themselves.
  func withFileBytes<Result: ~Copyable>(
    of number: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
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

  /// Gives back the memory of what was read for a range of a file, but for what the bytes behind it need too.
  func release(of number: Int, _ range: Range<Int>) {
    for part in parts(of: number, range) where part.recoding == nil {
      reader.release(part.entry, part.range)
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
    guard !range.isEmpty else { return [] }
    let operations = file.index.files[number].operations
    var parts: [Part] = []
    var (next, start) = places(of: number)[range.lowerBound]
    var left = range.count
    while left > 0 {
      let operation = operations[next]
      let count = min(left, operation.byteCount(in: file.index.entries) - start)
      if count > 0 { parts.append(part(operation, start..<(start + count))) }
      left -= count
      (next, start) = (next + 1, 0)
    }
    return parts
  }

  /// - Parameter range: of the bytes that the operation appends.
  private func part(_ operation: PackedIndex.Operation, _ range: Range<Int>) -> Part {
    let entry = file.index.entries[operation.entry].holder
    switch operation {
    case .bytes(_, let bytes):
      return Part(entry: entry, range: (bytes.lowerBound + range.lowerBound)..<(bytes.lowerBound + range.upperBound))
    case .recoded(_, let recoding, let byteCount, let hash):
      return Part(entry: entry, range: range, recoding: (recoding, byteCount, hash))
    case .tensor, .note: return Part(entry: entry, range: range)
    }
  }

  /// Which operation of a file appends a byte.
  private func places(of number: Int) -> ItemIndex {
    if let found = places[number] { return found }
    let made = ItemIndex(file.index.files[number].operations.map { $0.byteCount(in: file.index.entries) })
    places[number] = made
    return made
  }
}

extension ModelError {
  /// The same error, whose offset is not one of the packed file but of `what` it decodes to.
  func inDecoded(_ what: String) -> ModelError {
    guard let offset = byteOffset else { return self }
    var error = self
    error.message += ", byte \(offset) of \(what)"
    error.byteOffset = nil
    return error
  }
}

extension PackedFile {
  /// The files that it holds: paths in the packed folder, modes, lengths.
  package var members: [(path: String, mode: UInt32, byteCount: Int)] {
    index.files.map { ($0.path, $0.mode, $0.byteCount) }
  }
}

/// The bytes of an HDF5 file that is packed.
final class PackedFileBytes: HDF5Bytes {
  private let reader: PackedFileReader
  private let file: Int

  init(_ reader: PackedFileReader, file: Int) {
    self.reader = reader
    self.file = file
  }

  func withBytes<Result: ~Copyable>(
    _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    try reader.withFileBytes(of: file, range, body)
  }

  func release(_ range: Range<Int>) { reader.release(of: file, range) }

  func located(_ error: ModelError) -> ModelError { error.inDecoded("what is packed") }

  func isHole(_ range: Range<Int>) -> Bool { false }
}
