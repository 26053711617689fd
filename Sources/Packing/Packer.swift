public import ByteStore
import Codecs
public import Encodings
import Kernels
import Synchronization
public import TensorModel

/// How a model is packed.
public struct PackOptions: Sendable {
  public var effort: Effort
  public var threads: Int
  /// Ceiling of working memory in bytes; fewer threads run where it would be passed.
  public var memory: Int
  /// Whether −0 of floating-point tensors is stored as +0: the sign of zeros is lost then, and nothing else.
  public var canonicalizesZeros: Bool
  /// What tensors may be stored as the difference from: each from the base's tensor of the same name and shape.
  public var base: BaseModel?

  public init(
    effort: Effort = .standard, threads: Int, memory: Int = 512 << 20, canonicalizesZeros: Bool = false,
    base: BaseModel? = nil
  ) {
    self.effort = effort
    self.threads = threads
    self.memory = memory
    self.canonicalizesZeros = canonicalizesZeros
    self.base = base
  }
}

/// What packing did.
public struct PackReport: Sendable {
  public struct Tensor: Sendable {
    public var file: String
    public var info: TensorInfo
    /// Of a tensor that is kept as bytes of its file, how many these are; `otherPackedBytes` counts what they take.
    public var packedBytes: Int
    /// How many chunks each choice was made for; empty for an alias, an empty tensor and one that is kept as bytes.
    public var choices: [String: Int]
    /// The name of the tensor whose bytes these are, for a duplicate.
    public var aliasOf: String?
    /// Whether it is kept as bytes of its file.
    public var isLiteral = false
    /// Why: what was seen, and what was compared.
    public var reasons: [String]
  }

  public var byteCount: Int
  public var packedBytes: Int
  public var tensors: [Tensor]
  /// Bytes of files that are no model, of headers, and what they take.
  public var otherBytes: Int
  public var otherPackedBytes: Int
  /// How many −0 were stored as +0; where there are any, what unpacks is not what was packed.
  public var canonicalZeros: Int
  /// Tensors that are stored as the difference from the base, in part at least.
  public var differences: Int
}

/// Writes packed files.
public enum Packer {
  /// Packs `source` into `output`, in one pass and in order.
  /// - Parameter progress: is told of dense bytes done, from any thread.
  public static func pack(
    _ source: PackSource, into output: any PositionalOutput, _ options: PackOptions,
    progress: @Sendable (Int) -> Void = { _ in }
  ) throws(ModelError) -> PackReport {
    let proved = try RecodingProof(source, options).run(progress)
    let literals = try LiteralTensors(source, options).find(besides: proved)
    let layout = try PackLayout(source, proved: proved, literals: literals)
    let packing = Packing(source: source, layout: layout, output: output, options: options)
    try packing.decide()
    try packing.writeEntries(progress)
    return try packing.finish()
  }
}

/// One run of the packer.
private final class Packing: Sendable {
  /// What is known of an entry while its chunks are written.
  struct EntryState {
    var decision: TensorPlanner.Decision
    var grid: ChunkGrid
    var directory: EntryDirectory
    var offset = 0
    var place = PackedIndex.Place(offset: 0, storedBytes: 0, directoryBytes: 0, directoryHash: 0)
    var choices: [String: Int] = [:]
    var zeros = 0
    /// How many of them were made positive.
    var canonicalZeros = 0
    /// The base tensor, where there is one.
    var base: PackedIndex.BaseTensor?
    /// Chunks that can't be decoded without it, and those in which every kept element is the base's.
    var differences = 0
    var baseChunks = 0
  }

  /// How an entry is stored, and its base tensor.
  struct EntryDecision {
    var decision: TensorPlanner.Decision
    var base: PackedIndex.BaseTensor?
  }

  struct State {
    var entries: [EntryState] = []
    /// Where the next byte goes.
    var position = 0
    /// The entry whose chunks are being written.
    var current = -1
  }

  final class Worker {
    let input: PackSourceSession
    let workspace: EncodingWorkspace
    let base: BaseSession?
    /// What `work` leaves for `commit`.
    var stored: ScratchChunk = ScratchChunk()
    private let canonicalizesZeros: Bool
    private let canonical = ScratchBuffer()

    init(_ source: PackSource, _ options: PackOptions) {
      input = PackSourceSession(source)
      workspace = EncodingWorkspace(effort: options.effort)
      base = options.base.map { BaseSession($0) }
      canonicalizesZeros = options.canonicalizesZeros
    }

    /// Lends a range of an entry's bytes, whole blocks, as they are packed, and says how many zeros were made positive.
    func withBytes(
      of entry: PackLayout.Entry, _ range: Range<Int>,
      _ body: (RawSpan, _ canonicalZeros: Int) throws(ModelError) -> Void
    ) throws(ModelError) {
      try input.withBytes(of: entry, range) { (bytes) throws(ModelError) in
        guard canonicalizesZeros, entry.mayChange, NegativeZeros.exist(in: entry.info.dtype) else {
          return try body(bytes, 0)
        }
        let target = unsafe canonical.raw(bytes.byteCount)
        let count = unsafe NegativeZeros.clear(bytes, entry.info.dtype, into: target)
        try unsafe body(RawSpan(_unsafeStart: target, byteCount: bytes.byteCount), count)
      }
    }
  }

  struct ScratchChunk {
    var byteCount = 0
    var storedHash: UInt32 = 0
    var denseHash: UInt64 = 0
    var choice = ChunkChoice(mask: "none", value: "raw")
    var canonicalZeros = 0
    var holdsBase = false
    var offset = 0
  }

  let source: PackSource
  let layout: PackLayout
  let output: any PositionalOutput
  let options: PackOptions
  let header: OuterHeader
  let state = Mutex(State())
  /// Entries that have bytes of their own; aliases come behind them.
  let holders: Int
  /// Per entry that has bytes of its own, its tensor in the base.
  let baseNumbers: [Int?]

  init(source: PackSource, layout: PackLayout, output: any PositionalOutput, options: PackOptions) {
    self.source = source
    self.layout = layout
    self.output = output
    self.options = options
    holders = layout.entries.prefix { $0.role != .alias }.count
    baseNumbers = layout.entries.prefix(holders).map { entry in
      guard entry.role == .tensor, !entry.holdsMetadata else { return nil }
      return options.base?.tensor(like: entry.info)
    }
    header = OuterHeader(
      layout, denseBytes: source.byteCount, canonicalizesZeros: options.canonicalizesZeros,
      mayNeedBase: options.base != nil)
  }

  /// Makes the plan of every entry, from a sample of its bytes.
  func decide() throws(ModelError) {
    let planner = TensorPlanner(effort: options.effort)
    let threads = WorkerBudget.encoders(options.threads, memory: options.memory, base: options.base)
    let decisions = Mutex([EntryDecision?](repeating: nil, count: holders))
    try Pump.run(
      items: holders, threads: threads,
      makeWorker: { () throws(ModelError) in Worker(source, options) },
      work: { (worker, index) throws(ModelError) in
        let entry = layout.entries[index]
        let whole = 0..<entry.info.byteCount
        guard entry.role != .literal else {
          return decisions.withLock { $0[index] = EntryDecision(decision: .literal(elementBytes: entry.elementBytes)) }
        }
        let decision = try planner.decide(entry.info, in: whole, worker.workspace) { (range, body) throws(ModelError) in
          try worker.withBytes(of: entry, range) { (bytes, _) throws(ModelError) in try body(bytes) }
        }
        var made = EntryDecision(decision: decision)
        if let base = worker.base, let number = baseNumbers[index] {
          let info = options.base!.reader.catalog.tensors[number].info
          made.base = PackedIndex.BaseTensor(name: info.name, dtype: info.dtype, hash: try base.hash(of: number))
          made.decision = try planner.withDelta(decision, entry.info, worker.workspace) {
            (range, body) throws(ModelError) in
            try worker.withBytes(of: entry, range) { (bytes, _) throws(ModelError) in
              try withBase(of: index, range, worker) { (base) throws(ModelError) in try body(bytes, base) }
            }
          }
        }
        decisions.withLock { $0[index] = made }
      })
    let made = decisions.withLock { $0 }
    state.withLock { state in
      state.position = header.byteCount
      state.entries = made.indices.map { index in
        let (decision, info) = (made[index]!.decision, layout.entries[index].info)
        let grid = ChunkGrid(info, target: decision.chunkBytes)
        let directory = EntryDirectory(grid: grid, shared: [], chunkStarts: [0], storedHashes: [], denseHashes: [])
        var state = EntryState(decision: decision, grid: grid, directory: directory)
        state.base = made[index]!.base
        return state
      }
    }
  }

  func writeEntries(_ progress: @Sendable (Int) -> Void) throws(ModelError) {
    let (plans, grids) = state.withLock { ($0.entries.map(\.decision.plan), $0.entries.map(\.grid)) }
    let items = ItemIndex(grids.map(\.count))
    let largest = grids.map(\.largestChunkBytes).max() ?? 0
    try Pump.run(
      items: items.count,
      threads: WorkerBudget.encoders(
        options.threads, memory: options.memory, chunkBytes: largest, base: options.base),
      makeWorker: { () throws(ModelError) in Worker(source, options) },
      work: { (worker, item) throws(ModelError) in
        let (index, chunk) = items[item]
        let entry = layout.entries[index]
        let range = grids[index].bytes(ofChunk: chunk)
        try worker.withBytes(of: entry, range) { (bytes, canonicalZeros) throws(ModelError) in
          worker.stored.canonicalZeros = canonicalZeros
          worker.stored.denseHash = XXH3.hash(bytes)
          try withBase(of: index, range, worker) { (base) throws(ModelError) in
            worker.stored.choice = ChunkCodec.encode(
              bytes, at: range.lowerBound, base: base, plan: plans[index], worker.workspace)
          }
        }
        worker.input.release(of: entry, range)
        try worker.workspace.withEncoded { (stored) throws(ModelError) in
          worker.stored.byteCount = stored.byteCount
          worker.stored.storedHash = EntryDirectory.storedHash(stored)
          worker.stored.holdsBase = try ChunkCodec.holdsBase(
            stored, names: EncodingRegistry.names, denseBytes: range.count)
        }
      },
      commit: { (worker, item) throws(ModelError) in
        try reserve(items[item].group, worker)
      },
      finish: { (worker, item) throws(ModelError) in
        let (index, chunk) = items[item]
        try worker.workspace.withEncoded { (stored) throws(ModelError) in
          try write(stored, at: worker.stored.offset)
        }
        progress(grids[index].bytes(ofChunk: chunk).count)
      })
    try closeEntries(before: holders)
  }

  /// Lends the base's bytes at a range of an entry; none where it has no base tensor.
  private func withBase(
    of index: Int, _ range: Range<Int>, _ worker: Worker, _ body: (RawSpan) throws(ModelError) -> Void
  ) throws(ModelError) {
    guard let base = worker.base, let number = baseNumbers[index] else { return try body(RawSpan()) }
    let dtype = layout.entries[index].info.dtype
    try base.withBytes(of: number, as: dtype, range, body)
    base.release(of: number, as: dtype, range)
  }

  /// Gives a chunk its place in the file and notes it in its entry's directory.
  private func reserve(_ index: Int, _ worker: Worker) throws(ModelError) {
    if state.withLock({ $0.current }) != index { try closeEntries(before: index) }
    state.withLock { state in
      let chunk = worker.stored
      worker.stored.offset = state.position
      state.position += chunk.byteCount
      state.entries[index].directory.chunkStarts.append(state.position - state.entries[index].offset)
      state.entries[index].directory.storedHashes.append(chunk.storedHash)
      state.entries[index].directory.denseHashes.append(chunk.denseHash)
      state.entries[index].choices[chunk.choice.name, default: 0] += 1
      state.entries[index].zeros += chunk.choice.zeros
      state.entries[index].canonicalZeros += chunk.canonicalZeros
      state.entries[index].differences += chunk.choice.needsBase ? 1 : 0
      state.entries[index].baseChunks += chunk.holdsBase ? 1 : 0
    }
  }

  /// Writes the directories of the current entry and of the empty ones before `index`, which becomes current.
  private func closeEntries(before index: Int) throws(ModelError) {
    while true {
      let pending: (bytes: [UInt8], offset: Int)? = state.withLock { state in
        guard state.current < index else { return nil }
        var result: (bytes: [UInt8], offset: Int) = ([], state.position)
        if state.current >= 0 {
          let bytes = state.entries[state.current].directory.encoded()
          let offset = state.entries[state.current].offset
          result = (bytes, state.position)
          state.position += bytes.count
          state.entries[state.current].place = PackedIndex.Place(
            offset: offset, storedBytes: state.position - offset, directoryBytes: bytes.count,
            directoryHash: XXH3.hash(bytes))
        }
        state.current += 1
        if state.current < state.entries.count { state.entries[state.current].offset = state.position }
        return result
      }
      guard let pending else { return }
      try unsafe write(pending.bytes.span.bytes, at: pending.offset)
    }
  }

  /// Writes index, footer and header, and puts the file in place.
  func finish() throws(ModelError) -> PackReport {
    let state = self.state.withLock { $0 }
    let index = makeIndex(state)
    let plain = index.encoded()
    let stored = FrameCodec.compressed(plain, level: plain.count < 8 << 20 ? 19 : 3)
    var footer = PackedFormat.Footer(
      headerBytes: header.byteCount, headerHash: 0, indexOffset: state.position, indexStored: stored.count,
      indexBytes: plain.count, indexHash: XXH3.hash(stored))
    let end = state.position + stored.count + PackedFormat.Footer.byteCount
    let head = header.encoded(
      places: state.entries.map(\.place), needsBase: index.baseName != nil, canonicalZeros: canonicalZeros(state),
      end: end)
    footer.headerHash = XXH3.hash(head)
    let tail = stored + footer.encoded()
    try unsafe write(tail.span.bytes, at: state.position)
    try unsafe write(head.span.bytes, at: 0)
    for file in source.files { try file.demandUnchanged() }
    try options.base?.reader.demandUnchanged()
    try within(output.path) { () throws(ModelError) in try output.finish() }
    return report(state, packedBytes: end)
  }

  /// The zeros that are another in the files than they were.
  private func canonicalZeros(_ state: State) -> Int {
    layout.entries.reduce(0) { sum, entry in
      entry.role == .tensor || entry.role == .alias ? sum + state.entries[entry.holder].canonicalZeros : sum
    }
  }

  private func write(_ bytes: RawSpan, at offset: Int) throws(ModelError) {
    try within(output.path) { () throws(ModelError) in try output.write(bytes, at: offset) }
  }

  private func makeIndex(_ state: State) -> PackedIndex {
    let entries = layout.entries.map { entry in
      let holder = state.entries[entry.holder]
      return PackedIndex.Entry(
        role: entry.role, info: entry.info, place: holder.place, holder: entry.holder,
        base: entry.role == .tensor && holder.differences > 0 ? holder.base : nil)
    }
    let files = source.files.indices.map { number in
      let operations = layout.operations[number]
      var digest = FileDigest()
      for operation in operations {
        switch operation {
        case .recoded(_, _, let byteCount, let hash): digest.append(byteCount: byteCount, hash: hash)
        case .note: break
        case .bytes, .tensor: digest.append(state.entries[layout.entries[operation.entry].holder].directory)
        }
      }
      let file = source.files[number]
      let container = file.layout?.container ?? ""
      return PackedIndex.File(
        path: file.path, mode: file.mode, container: container, byteCount: file.byteCount, digest: digest.value,
        operations: operations)
    }
    let needsBase = entries.contains { $0.base != nil }
    return PackedIndex(
      isFolder: source.isFolder, encodings: EncodingRegistry.names, entries: entries, files: files,
      baseName: needsBase ? options.base?.label : nil)
  }

  private func report(_ state: State, packedBytes: Int) -> PackReport {
    var report = PackReport(
      byteCount: source.byteCount, packedBytes: packedBytes, tensors: [], otherBytes: 0, otherPackedBytes: 0,
      canonicalZeros: canonicalZeros(state), differences: state.entries.count { $0.differences > 0 })
    for (number, operations) in layout.operations.enumerated() {
      var reported: Set<Int> = []
      for operation in operations {
        let entry = layout.entries[operation.entry]
        let holder = state.entries[entry.holder]
        // Of a tensor in another form there are many operations.
        if case .recoded = operation, !reported.insert(operation.entry).inserted { continue }
        if !operation.isTensor {
          report.otherBytes += entry.info.byteCount
          report.otherPackedBytes += holder.place.storedBytes
          continue
        }
        let isAlias = entry.role == .alias
        report.tensors.append(
          PackReport.Tensor(
            file: source.files[entry.file].path, info: entry.info, packedBytes: isAlias ? 0 : holder.place.storedBytes,
            choices: isAlias ? [:] : holder.choices,
            aliasOf: isAlias ? layout.entries[entry.holder].info.name : nil,
            reasons: (isAlias ? [] : holder.reasons(entry.info, options.effort))
              + (entry.remainder.map { [$0] } ?? [])))
      }
      for tensor in layout.literals[number] { report.add(tensor, of: source.files[number].path) }
    }
    return report
  }
}

extension PackReport {
  /// What is kept as bytes is part of `otherBytes`.
  fileprivate mutating func add(_ tensor: LiteralTensor, of file: String) {
    tensors.append(
      Tensor(
        file: file, info: tensor.info, packedBytes: tensor.byteCount, choices: [:], aliasOf: nil, isLiteral: true,
        reasons: tensor.reasons + (tensor.isListed ? [] : ["not listed"])))
  }
}

extension Packing.EntryState {
  /// What the entry is to the base, where it is stored as the difference.
  private var baseReasons: [String] {
    guard differences > 0 else { return [] }
    guard baseChunks == grid.count else { return ["differs from the base"] }
    return [choices.keys.allSatisfy { $0 == "delta" } ? "equal to the base" : "the base under a mask"]
  }

  /// Why the entry is stored as it is.
  fileprivate func reasons(_ info: TensorInfo, _ effort: Effort) -> [String] {
    baseReasons + decision.reasons(info, zeros: zeros, effort)
      + (canonicalZeros > 0 ? ["\(canonicalZeros) zeros were −0"] : [])
  }
}
