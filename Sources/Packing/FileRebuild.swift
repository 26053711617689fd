import ByteStore
import Containers
import Kernels
import Synchronization
import TensorModel

/// Rebuilds one file of a packed file.
struct FileRebuild {
  private let packed: PackedFile
  private let file: PackedIndex.File
  private let options: Unpacker.Options
  /// Takes what cannot be brought back; without it the first such thing ends the work.
  private let losses: LossList?

  /// - Parameter number: which of the files of `packed`.
  init(_ packed: PackedFile, _ number: Int, _ options: Unpacker.Options, losses: LossList? = nil) {
    self.packed = packed
    file = packed.index.files[number]
    self.options = options
    self.losses = losses
  }

  /// One run of bytes of the output.
  private struct Part: Sendable {
    var entry: Int
    /// The number of the tensor's entry, which may be an alias of `entry`; nil for bytes that are no tensor.
    var tensor: Int?
    /// Where the entry's byte 0 would lie in the output, and which of its bytes go there.
    var origin: Int
    var range: Range<Int>
    /// Nil where the directory does not say how the entry is cut.
    var grid: ChunkGrid?

    var firstChunk: Int { grid.map { $0.chunk(holding: range.lowerBound) } ?? 0 }
    /// A part without a grid is lost in one.
    var chunkCount: Int { grid.map { $0.chunk(holding: range.upperBound - 1) - firstChunk + 1 } ?? 1 }

    /// The bytes of the entry that its chunk `member` gives to the part.
    func bytes(_ member: Int) -> Range<Int> {
      grid.map { $0.bytes(ofChunk: firstChunk + member).clamped(to: range) } ?? range
    }
  }

  /// Writes the file to `output`, which is left to finish.
  func run(into output: any PositionalOutput, _ progress: @Sendable (Int) -> Void) throws(ModelError) {
    if let free = output.freeBytes, free < file.byteCount {
      throw ModelError(.inputOutput, "needs \(file.byteCount) bytes, the disk has \(free)").inside(output.path)
    }
    try within(output.path) { () throws(ModelError) in try output.setByteCount(file.byteCount) }
    let parts = try parts()
    let largest = parts.compactMap(\.grid?.largestChunkBytes).max() ?? 0
    let items = ItemIndex(parts.map(\.chunkCount))
    let hashes = Mutex([UInt64](repeating: 0, count: items.count))
    let threads = WorkerBudget.decoders(
      options.threads, memory: options.memory, chunkBytes: largest, base: packed.baseModel)
    try Pump.run(
      items: items.count, threads: threads,
      makeWorker: { () throws(ModelError) in EntryReader(packed) },
      work: { (reader, item) throws(ModelError) in
        let (index, member) = items[item]
        let hash = try writeOrLose(parts[index], member, reader, output, progress)
        if let hash { hashes.withLock { $0[item] = hash } }
      })
    try demandDigest(parts, hashes.withLock { $0 })
  }

  private func parts() throws(ModelError) -> [Part] {
    var parts: [Part] = []
    var position = 0
    for operation in file.operations {
      let entry = packed.index.entries[operation.entry].holder
      var tensor: Int?
      let range: Range<Int>
      switch operation {
      case .bytes(_, let bytes): range = bytes
      case .tensor(let number):
        range = 0..<packed.index.entries[entry].info.byteCount
        tensor = number
      }
      if !range.isEmpty {
        parts.append(
          Part(
            entry: entry, tensor: tensor, origin: position - range.lowerBound, range: range, grid: try grid(of: entry)))
      }
      position += range.count
    }
    return parts
  }

  /// Nil where the directory is damaged and losses are taken.
  private func grid(of entry: Int) throws(ModelError) -> ChunkGrid? {
    do throws(ModelError) {
      return try packed.directory(of: entry).grid
    } catch {
      guard losses != nil else { throw error.inside(packed.path) }
      return nil
    }
  }

  /// Writes what one chunk gives to a part, and returns its hash; nil where that is lost.
  private func writeOrLose(
    _ part: Part, _ member: Int, _ reader: EntryReader, _ output: any PositionalOutput, _ progress: (Int) -> Void
  ) throws(ModelError) -> UInt64? {
    let range = part.bytes(member)
    defer { progress(range.count) }
    do throws(ModelError) {
      return try write(part, member, reader, output)
    } catch {
      // What goes wrong with the output is no damage of the input.
      guard let losses, error.code != .inputOutput else { throw error }
      let lost = (range.lowerBound + part.origin)..<(range.upperBound + part.origin)
      losses.add(
        Loss(file: file.path, tensor: part.tensor.map { packed.index.entries[$0].info.name }, range: lost, error: error)
      )
      return nil
    }
  }

  private func write(
    _ part: Part, _ member: Int, _ reader: EntryReader, _ output: any PositionalOutput
  ) throws(ModelError) -> UInt64 {
    let name = packed.index.entries[part.entry].info.name
    return try within(packed.path) { () throws(ModelError) in
      try within(name.isEmpty ? "entry \(part.entry)" : "tensor '\(name)'") { () throws(ModelError) in
        let directory = try reader.directory(of: part.entry)
        let chunk = part.firstChunk + member
        let range = part.bytes(member)
        let isWhole = range == directory.grid.bytes(ofChunk: chunk)
        // What is not written reads as zeros.
        if isWhole, try reader.repeatedElement(of: part.entry, chunk: chunk)?.allSatisfy({ $0 == 0 }) == true {
          return directory.denseHashes[chunk]
        }
        let hash = try reader.withBytes(of: part.entry, range) { (bytes) throws(ModelError) in
          try within(output.path) { () throws(ModelError) in try output.write(bytes, at: part.origin + range.lowerBound)
          }
          return isWhole ? directory.denseHashes[chunk] : XXH3.hash(bytes)
        }
        reader.release(part.entry, chunk: chunk)
        return hash
      }
    }
  }

  private func demandDigest(_ parts: [Part], _ hashes: [UInt64]) throws(ModelError) {
    // Of what is lost there is no hash, and a loss is said anyway.
    if let losses, losses.hasLosses(in: file.path) { return }
    var digest = FileDigest()
    var item = 0
    for part in parts {
      for member in 0..<part.chunkCount {
        digest.append(byteCount: part.bytes(member).count, hash: hashes[item])
        item += 1
      }
    }
    guard digest.value != file.digest else { return }
    let failure = ModelError(.malformed, "the rebuilt file does not have the digest that was recorded")
      .inside(packed.path)
    guard let losses else { throw failure }
    losses.add(Loss(file: file.path, tensor: nil, range: 0..<0, error: failure))
  }
}
