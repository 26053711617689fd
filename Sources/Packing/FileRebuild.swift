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
  private enum Part: Sendable {
    case copied(CopiedPart)
    case recoded(RecodedPart)

    var itemCount: Int {
      switch self {
      case .copied(let part): part.chunkCount
      case .recoded: 1
      }
    }

    /// The bytes that item `member` writes, by their place in the output.
    func output(_ member: Int) -> Range<Int> {
      switch self {
      case .copied(let part):
        let range = part.bytes(member)
        return (range.lowerBound + part.origin)..<(range.upperBound + part.origin)
      case .recoded(let part): return part.output
      }
    }

    /// The entry that the bytes come from, and the number of the tensor's entry, which may be an alias of it.
    var source: (entry: Int, tensor: Int?) {
      switch self {
      case .copied(let part): (part.entry, part.tensor)
      case .recoded(let part): (part.entry, part.tensor)
      }
    }

    /// Dense bytes of the largest chunk that is decoded for it.
    var largestChunkBytes: Int {
      switch self {
      case .copied(let part): part.grid?.largestChunkBytes ?? 0
      case .recoded: ChunkGrid.maximumChunkBytes
      }
    }
  }

  /// What is made of a box of a tensor.
  private struct RecodedPart: Sendable {
    var entry: Int
    var tensor: Int
    var recoding: Recoding
    var output: Range<Int>
    var hash: UInt64
  }

  /// Bytes of an entry as they are.
  private struct CopiedPart: Sendable {
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
    let largest = parts.map(\.largestChunkBytes).max() ?? 0
    let items = ItemIndex(parts.map(\.itemCount))
    let hashes = Mutex([UInt64](repeating: 0, count: items.count))
    let threads = WorkerBudget.decoders(
      options.threads, memory: options.memory, chunkBytes: largest, base: packed.baseModel)
    try Pump.run(
      items: items.count, threads: threads,
      makeWorker: { () throws(ModelError) in Worker(packed) },
      work: { (worker, item) throws(ModelError) in
        let (index, member) = items[item]
        let hash = try writeOrLose(parts[index], member, worker, output, progress)
        if let hash { hashes.withLock { $0[item] = hash } }
      })
    try demandDigest(parts, hashes.withLock { $0 })
  }

  private final class Worker {
    let reader: EntryReader
    let recoder: EntryRecoder

    init(_ packed: PackedFile) {
      reader = EntryReader(packed)
      recoder = EntryRecoder(packed)
    }
  }

  private func parts() throws(ModelError) -> [Part] {
    var parts: [Part] = []
    var position = 0
    for operation in file.operations {
      let entry = packed.index.entries[operation.entry].holder
      var tensor: Int?
      let range: Range<Int>
      switch operation {
      case .note: continue
      case .bytes(_, let bytes): range = bytes
      case .tensor(let number):
        range = 0..<packed.index.entries[entry].info.byteCount
        tensor = number
      case .recoded(let number, let recoding, let byteCount, let hash):
        let output = position..<(position + byteCount)
        position += byteCount
        guard byteCount > 0 else { continue }
        parts.append(
          .recoded(RecodedPart(entry: entry, tensor: number, recoding: recoding, output: output, hash: hash)))
        continue
      }
      if !range.isEmpty {
        parts.append(
          .copied(
            CopiedPart(
              entry: entry, tensor: tensor, origin: position - range.lowerBound, range: range, grid: try grid(of: entry)
            )))
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

  /// Writes an item of a part, and returns its hash; nil where that is lost.
  private func writeOrLose(
    _ part: Part, _ member: Int, _ worker: Worker, _ output: any PositionalOutput, _ progress: (Int) -> Void
  ) throws(ModelError) -> UInt64? {
    let range = part.output(member)
    defer { progress(range.count) }
    let (entry, tensor) = part.source
    do throws(ModelError) {
      let name = packed.index.entries[entry].info.name
      return try within(packed.path) { () throws(ModelError) in
        try within(name.isEmpty ? "entry \(entry)" : "tensor '\(name)'") { () throws(ModelError) in
          switch part {
          case .copied(let part): try write(part, member, worker.reader, output)
          case .recoded(let part): try write(part, worker.recoder, output)
          }
        }
      }
    } catch {
      // What goes wrong with the output is no damage of the input.
      guard let losses, error.code != .inputOutput else { throw error }
      losses.add(
        Loss(file: file.path, tensor: tensor.map { packed.index.entries[$0].info.name }, range: range, error: error))
      return nil
    }
  }

  private func write(
    _ part: CopiedPart, _ member: Int, _ reader: EntryReader, _ output: any PositionalOutput
  ) throws(ModelError) -> UInt64 {
    let directory = try reader.directory(of: part.entry)
    let chunk = part.firstChunk + member
    let range = part.bytes(member)
    let isWhole = range == directory.grid.bytes(ofChunk: chunk)
    // What is not written reads as zeros.
    if isWhole, try reader.repeatedElement(of: part.entry, chunk: chunk)?.allSatisfy({ $0 == 0 }) == true {
      return directory.denseHashes[chunk]
    }
    let hash = try reader.withBytes(of: part.entry, range) { (bytes) throws(ModelError) in
      try within(output.path) { () throws(ModelError) in try output.write(bytes, at: part.origin + range.lowerBound) }
      return isWhole ? directory.denseHashes[chunk] : XXH3.hash(bytes)
    }
    reader.release(part.entry, chunk: chunk)
    return hash
  }

  private func write(
    _ part: RecodedPart, _ recoder: EntryRecoder, _ output: any PositionalOutput
  ) throws(ModelError) -> UInt64 {
    try recoder.withBytes(
      of: part.entry, part.recoding, byteCount: part.output.count, hash: part.hash
    ) { (bytes) throws(ModelError) in
      try within(output.path) { () throws(ModelError) in try output.write(bytes, at: part.output.lowerBound) }
    }
    return part.hash
  }

  private func demandDigest(_ parts: [Part], _ hashes: [UInt64]) throws(ModelError) {
    // Of what is lost there is no hash, and a loss is said anyway.
    if let losses, losses.hasLosses(in: file.path) { return }
    var digest = FileDigest()
    var item = 0
    for part in parts {
      for member in 0..<part.itemCount {
        digest.append(byteCount: part.output(member).count, hash: hashes[item])
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
