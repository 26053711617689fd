import ByteStore
import Containers
import Kernels
import Synchronization
public import TensorModel

/// Checks a packed file from end to end: every checksum, every chunk decoded, every file's digest.
public enum PackedCheck {
  public struct Finding: Sendable {
    /// The tensor's name and the file that it belongs to; nil for what is no tensor.
    public var tensor: String?
    public var file: String
    public var elements: Int
    /// What is wrong; nil where nothing is.
    public var failure: ModelError?
    /// Whether it is a difference from a base that was not given, so that nothing was decoded: its stored bytes are sound.
    public var lacksBase = false
  }

  /// Looks at all of `packed`, going on behind whatever is damaged. Of differences from a base that was not given, only the
  /// stored bytes are checked.
  /// - Throws: `wrongBase` where a difference was taken from another base than was given.
  /// - Returns: a finding per tensor, in file order, then one for each other thing that is damaged.
  public static func run(
    _ packed: PackedFile, threads: Int, memory: Int, progress: @Sendable (Int) -> Void = { _ in }
  ) throws(ModelError) -> [Finding] {
    let entries = packed.index.entries
    let holders = entries.indices.filter { entries[$0].role != .alias }
    var failures: [Int: ModelError] = [:]
    var directories: [Int: EntryDirectory] = [:]
    for holder in holders {
      do throws(ModelError) {
        directories[holder] = try packed.directory(of: holder)
      } catch {
        failures[holder] = error
      }
    }
    let readable = holders.filter { directories[$0] != nil }
    for (holder, error) in try check(readable, directories, packed, threads: threads, memory: memory, progress) {
      failures[holder] = error
    }
    let remade = failures.isEmpty ? try remade(packed, threads: threads, memory: memory) : []
    let views = failures.isEmpty ? try ViewCheck(packed).run(threads: threads, memory: memory) : []
    return tensors(packed, failures) + views + others(packed, failures) + remade + digests(packed, directories)
      + outside(packed)
  }

  /// Runs of files that are not made again of the tensors that they were made of. Those that this build can't make are
  /// no damage.
  private static func remade(_ packed: PackedFile, threads: Int, memory: Int) throws(ModelError) -> [Finding] {
    let runs = packed.index.files.flatMap { file in
      file.operations.compactMap { operation -> (file: String, PackedIndex.Operation)? in
        guard case .recoded(let entry, let recoding, 1..., _) = operation,
          recoding.transforms.allSatisfy({ $0.obstacle == nil }), !lacksBase(packed.index.entries[entry].holder, packed)
        else { return nil }
        return (file.path, operation)
      }
    }
    let found = Mutex<[Int: ModelError]>([:])
    try Pump.run(
      items: runs.count,
      threads: WorkerBudget.decoders(
        threads, memory: memory, chunkBytes: ChunkGrid.maximumChunkBytes, base: packed.baseModel),
      makeWorker: { () throws(ModelError) in EntryRecoder(packed) },
      work: { (recoder, item) throws(ModelError) in
        guard case .recoded(let entry, let recoding, let byteCount, let hash) = runs[item].1 else { return }
        do throws(ModelError) {
          try recoder.withBytes(
            of: packed.index.entries[entry].holder, recoding, byteCount: byteCount, hash: hash
          ) { _ in }
        } catch {
          found.withLock { $0[item] = error.inside("tensor '\(packed.index.entries[entry].info.name)'") }
        }
      })
    // One of each file is enough.
    var named: Set<String> = []
    return found.withLock { $0 }.sorted { $0.key < $1.key }.compactMap { item, error in
      let file = runs[item].file
      guard named.insert(file).inserted else { return nil }
      let place = file.isEmpty ? "the file" : "file '\(file)'"
      return Finding(tensor: nil, file: file, elements: 0, failure: error.inside(place))
    }
  }

  /// Decodes every chunk; returns the first failure of each entry.
  private static func check(
    _ holders: [Int], _ directories: [Int: EntryDirectory], _ packed: PackedFile, threads: Int, memory: Int,
    _ progress: @Sendable (Int) -> Void
  ) throws(ModelError) -> [Int: ModelError] {
    let grids = holders.map { directories[$0]!.grid }
    let items = ItemIndex(grids.map(\.count))
    let largest = grids.map(\.largestChunkBytes).max() ?? 0
    let workers = WorkerBudget.decoders(
      threads, memory: memory, chunkBytes: largest, base: packed.baseModel)
    // Per entry the first damaged chunk, whichever worker comes upon it.
    let found = Mutex<[Int: (chunk: Int, error: ModelError)]>([:])
    try Pump.run(
      items: items.count, threads: workers, makeWorker: { () throws(ModelError) in EntryReader(packed) },
      work: { (reader, item) throws(ModelError) in
        let (group, chunk) = items[item]
        let range = grids[group].bytes(ofChunk: chunk)
        do throws(ModelError) {
          if lacksBase(holders[group], packed) {
            try reader.proveStored(holders[group], chunk: chunk)
          } else if try reader.repeatedElement(of: holders[group], chunk: chunk) == nil {
            try reader.withBytes(of: holders[group], range) { _ in }
          }
        } catch {
          // That is no damage of the packed file.
          if error.code == .wrongBase { throw error.inside(packed.path) }
          found.withLock {
            if chunk < $0[holders[group]]?.chunk ?? .max { $0[holders[group]] = (chunk, error) }
          }
        }
        reader.release(holders[group], chunk: chunk)
        progress(range.count)
      })
    return found.withLock { $0.mapValues(\.error) }
  }

  private static func tensors(_ packed: PackedFile, _ failures: [Int: ModelError]) -> [Finding] {
    packed.index.files.flatMap { file in
      var listed: Set<Int> = []
      return file.operations.compactMap { operation -> Finding? in
        let number = operation.entry
        guard operation.isTensor, listed.insert(number).inserted else { return nil }
        let entry = packed.index.entries[number]
        return Finding(
          tensor: entry.info.name, file: file.path, elements: entry.info.elementCount, failure: failures[entry.holder],
          lacksBase: lacksBase(entry.holder, packed))
      }
    }
  }

  /// Whether an entry is the difference from a base that was not given.
  private static func lacksBase(_ holder: Int, _ packed: PackedFile) -> Bool {
    packed.base == nil && packed.index.entries[holder].base != nil
  }

  private static func others(_ packed: PackedFile, _ failures: [Int: ModelError]) -> [Finding] {
    packed.index.files.flatMap { file in
      file.operations.compactMap { operation in
        guard !operation.isTensor, let failure = failures[operation.entry] else { return nil }
        let what =
          switch operation {
          case .note(let note, _): "its \(note)"
          default:
            packed.index.entries[operation.entry].role == .literal ? "the bytes between its tensors" : "its bytes"
          }
        let place = file.path.isEmpty ? what : "file '\(file.path)': \(what)"
        return Finding(tensor: nil, file: file.path, elements: 0, failure: failure.inside(place))
      }
    }
  }

  /// Files whose digest is not that of the pieces that would rebuild them.
  private static func digests(_ packed: PackedFile, _ directories: [Int: EntryDirectory]) -> [Finding] {
    let reader = EntryReader(packed)
    return packed.index.files.compactMap { file in
      var digest = FileDigest()
      for operation in file.operations {
        guard let directory = directories[packed.index.entries[operation.entry].holder] else { return nil }
        switch operation {
        case .tensor: digest.append(directory)
        case .note: break
        case .recoded(_, _, let byteCount, let hash): digest.append(byteCount: byteCount, hash: hash)
        case .bytes(let entry, let range):
          let grid = directory.grid
          let chunks =
            range.isEmpty
            ? 0..<0 : grid.chunk(holding: range.lowerBound)..<(grid.chunk(holding: range.upperBound - 1) + 1)
          for chunk in chunks {
            let whole = directory.grid.bytes(ofChunk: chunk)
            let part = whole.clamped(to: range)
            if part == whole {
              digest.append(byteCount: part.count, hash: directory.denseHashes[chunk])
            } else if !part.isEmpty {
              // Damage of the literal itself is another finding.
              guard let hash = try? reader.withBytes(of: entry, part, { XXH3.hash($0) }) else { return nil }
              digest.append(byteCount: part.count, hash: hash)
            }
          }
        }
      }
      guard digest.value != file.digest else { return nil }
      let place = file.path.isEmpty ? "the file" : "file '\(file.path)'"
      let failure = ModelError(.malformed, "would not be rebuilt with the digest that was recorded").inside(place)
      return Finding(tensor: nil, file: file.path, elements: 0, failure: failure)
    }
  }

  /// What is wrong with the outside: it must be legal safetensors, of U8 arrays that cut no entry.
  private static func outside(_ packed: PackedFile) -> [Finding] {
    do throws(ModelError) {
      try within("the outer header") { () throws(ModelError) in try demandLegalOutside(packed) }
      return []
    } catch {
      return [Finding(tensor: nil, file: "", elements: 0, failure: error)]
    }
  }

  private static func demandLegalOutside(_ packed: PackedFile) throws(ModelError) {
    let count = packed.map.byteCount
    let header = try packed.map.withBytes(0..<count) { (bytes) throws(ModelError) in
      try SafetensorsHeader.parse(bytes, fileByteCount: count, limits: Limits())
    }
    guard header.dataStart % 8 == 0 else {
      throw ModelError(.malformed, "it is not padded to a multiple of 8 bytes", at: 0)
    }
    var edges = Set(packed.index.entries.lazy.filter { $0.role != .alias }.map(\.place.offset))
    let indexOffset = packed.index.entries.last { $0.role != .alias }.map(\.place.range.upperBound) ?? header.dataStart
    edges.insert(indexOffset)
    for array in header.tensors {
      guard array.info.dtype == .u8, array.info.shape.count == 1 else {
        throw ModelError(
          .malformed, "array '\(array.info.name)' is \(array.info.dtype.name) \(array.info.shape), expected U8")
      }
      guard edges.contains(array.range.lowerBound) else {
        throw ModelError(.malformed, "array '\(array.info.name)' begins inside an entry", at: array.range.lowerBound)
      }
    }
    guard let last = header.tensors.last, last.info.name == "tare:index", last.range == indexOffset..<count else {
      throw ModelError(.malformed, "the last array is not the index")
    }
  }
}
