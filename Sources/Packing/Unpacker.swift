public import ByteStore
import Containers
import Kernels
import Synchronization
public import TensorModel

/// Rebuilds the files of a packed file, byte for byte.
public enum Unpacker {
  public struct Options: Sendable {
    public var threads: Int
    public var memory: Int
    /// How many times larger than the packed file its content may be.
    public var maximumExpansion: Int
    public var overwrite: Bool

    public init(
      threads: Int, memory: Int = 512 << 20, maximumExpansion: Int = Limits().expansion, overwrite: Bool = false
    ) {
      self.threads = threads
      self.memory = memory
      self.maximumExpansion = maximumExpansion
      self.overwrite = overwrite
    }
  }

  /// Writes the file, or the folder, that `packed` holds to `path`.
  /// - Parameter progress: is told of dense bytes done, from any thread.
  /// - Throws: `malformed` where something stored does not hold, `cannotCreate` and `inputOutput` for the output; nothing
  ///   is left behind then.
  public static func unpack(
    _ packed: PackedFile, to path: String, _ options: Options, progress: @Sendable (Int) -> Void = { _ in }
  ) throws(ModelError) {
    try within(packed.path) { () throws(ModelError) in try packed.demandBelief(options.maximumExpansion) }
    guard packed.isFolder else {
      let output = try within(path) { () throws(ModelError) in
        try OutputFile(path: path, overwrite: options.overwrite)
      }
      return try unpack(packed, into: output, options, progress: progress)
    }
    let folder = try within(path) { () throws(ModelError) in try OutputFolder(path: path) }
    for (number, file) in packed.index.files.enumerated() {
      let output = try within(path) { () throws(ModelError) in try folder.file(file.path, mode: file.mode) }
      try rebuild(packed, number, into: output, options, progress)
      try within(path) { () throws(ModelError) in try output.finish() }
    }
    try within(path) { () throws(ModelError) in try folder.finish() }
  }

  /// Writes the one file that `packed`, which is no folder, holds to `output`, and finishes it.
  public static func unpack(
    _ packed: PackedFile, into output: any PositionalOutput, _ options: Options,
    progress: @Sendable (Int) -> Void = { _ in }
  ) throws(ModelError) {
    precondition(!packed.isFolder)
    try within(packed.path) { () throws(ModelError) in try packed.demandBelief(options.maximumExpansion) }
    try rebuild(packed, 0, into: output, options, progress)
    try within(output.path) { () throws(ModelError) in try output.finish() }
  }

  /// One run of bytes of the output.
  private struct Part: Sendable {
    var entry: Int
    /// Where the entry's byte 0 would lie in the output, and which of its bytes go there.
    var origin: Int
    var range: Range<Int>
    var firstChunk: Int
    var chunkCount: Int
  }

  private static func rebuild(
    _ packed: PackedFile, _ number: Int, into output: any PositionalOutput, _ options: Options,
    _ progress: @Sendable (Int) -> Void
  ) throws(ModelError) {
    let file = packed.index.files[number]
    if let free = output.freeBytes, free < file.byteCount {
      throw ModelError(.inputOutput, "needs \(file.byteCount) bytes, the disk has \(free)").inside(output.path)
    }
    try within(output.path) { () throws(ModelError) in try output.setByteCount(file.byteCount) }
    let (parts, largest) = try parts(of: file, packed)
    let items = ItemIndex(parts.map(\.chunkCount))
    let pieces = Mutex([UInt64](repeating: 0, count: items.count))
    let threads = WorkerBudget.decoders(options.threads, memory: options.memory, chunkBytes: largest)
    try Pump.run(
      items: items.count, threads: threads,
      makeWorker: { () throws(ModelError) in EntryReader(packed) },
      work: { (reader, item) throws(ModelError) in
        let (index, member) = items[item]
        let hash = try write(parts[index], chunk: parts[index].firstChunk + member, reader, packed, output, progress)
        pieces.withLock { $0[item] = hash.hash }
      })
    try demandDigest(file, parts, items, pieces.withLock { $0 }, packed)
  }

  private static func parts(
    of file: PackedIndex.File, _ packed: PackedFile
  ) throws(ModelError) -> (parts: [Part], largestChunk: Int) {
    var parts: [Part] = []
    var largest = 0
    var position = 0
    for operation in file.operations {
      let entry = packed.index.entries[operation.entry].holder
      let range: Range<Int>
      switch operation {
      case .bytes(_, let bytes): range = bytes
      case .tensor: range = 0..<packed.index.entries[entry].info.byteCount
      }
      if !range.isEmpty {
        let grid = try within(packed.path) { () throws(ModelError) in try packed.directory(of: entry).grid }
        let first = grid.chunk(holding: range.lowerBound)
        let last = grid.chunk(holding: range.upperBound - 1)
        parts.append(
          Part(
            entry: entry, origin: position - range.lowerBound, range: range, firstChunk: first,
            chunkCount: last - first + 1))
        largest = max(largest, grid.largestChunkBytes)
      }
      position += range.count
    }
    return (parts, largest)
  }

  /// Writes what one chunk gives to a part; returns the piece's length and hash.
  private static func write(
    _ part: Part, chunk: Int, _ reader: EntryReader, _ packed: PackedFile, _ output: any PositionalOutput,
    _ progress: (Int) -> Void
  ) throws(ModelError) -> (byteCount: Int, hash: UInt64) {
    let name = packed.index.entries[part.entry].info.name
    return try within(packed.path) { () throws(ModelError) in
      try within(name.isEmpty ? "entry \(part.entry)" : "tensor '\(name)'") { () throws(ModelError) in
        let directory = try reader.directory(of: part.entry)
        let whole = directory.grid.bytes(ofChunk: chunk)
        let range = whole.clamped(to: part.range)
        defer { progress(range.count) }
        let isWhole = range == whole
        // What is not written reads as zeros.
        if isWhole, try reader.repeatedElement(of: part.entry, chunk: chunk)?.allSatisfy({ $0 == 0 }) == true {
          return (range.count, directory.denseHashes[chunk])
        }
        let hash = try reader.withBytes(of: part.entry, range) { (bytes) throws(ModelError) in
          try within(output.path) { () throws(ModelError) in try output.write(bytes, at: part.origin + range.lowerBound)
          }
          return isWhole ? directory.denseHashes[chunk] : XXH3.hash(bytes)
        }
        reader.release(part.entry, chunk: chunk)
        return (range.count, hash)
      }
    }
  }

  private static func demandDigest(
    _ file: PackedIndex.File, _ parts: [Part], _ items: ItemIndex, _ hashes: [UInt64], _ packed: PackedFile
  ) throws(ModelError) {
    var digest = FileDigest()
    var item = 0
    for part in parts {
      let grid = try within(packed.path) { () throws(ModelError) in try packed.directory(of: part.entry).grid }
      for chunk in part.firstChunk..<(part.firstChunk + part.chunkCount) {
        digest.append(byteCount: grid.bytes(ofChunk: chunk).clamped(to: part.range).count, hash: hashes[item])
        item += 1
      }
    }
    guard digest.value == file.digest else {
      throw ModelError(.malformed, "the rebuilt file does not have the digest that was recorded").inside(packed.path)
    }
  }
}
