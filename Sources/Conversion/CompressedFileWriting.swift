import ByteStore
import Codecs
import Containers
import Filters
import Packing
import Synchronization
import TensorModel

/// One HDF5 file with compressed chunks on its way to the disk.
///
/// Workers compress chunks beside each other. These come to lie in their order, so the file is the same for any number of
/// workers; a chunk of zeros takes no room. The header is written last.
struct CompressedFileWriting: Sendable {
  private let source: PackSource
  private let file: Int
  private let plan: HDF5CompressedFile
  private let tensors: [FileLayout.Tensor]
  private let output: any PositionalOutput
  /// How errors of the output name it.
  private let place: String

  /// Nil where the file is none that has compressed chunks.
  init?(
    _ source: PackSource, file: Int, _ compression: HDF5Compression, output: any PositionalOutput, place: String
  ) {
    guard case .image(let image) = source.files[file].content, let plan = HDF5CompressedFile(image, compression) else {
      return nil
    }
    self.source = source
    self.file = file
    self.plan = plan
    tensors = image.layout.tensors
    self.output = output
    self.place = place
  }

  /// What was written so far.
  private struct Written {
    /// Where the next chunk comes to lie.
    var end: Int
    var chunks: [[HDF5WrittenChunk]]
  }

  /// - Returns: the bytes of the file.
  func run(_ options: FileWriter.Options, _ progress: @Sendable (Int) -> Void) throws(ModelError) -> Int {
    let written = Mutex(Written(end: plan.start, chunks: tensors.map { _ in [] }))
    let items = ItemIndex(tensors.indices.map { plan.chunks[$0]?.count ?? 1 })
    // Beside what layers hold of a chunk, what a filter makes of it, twice, and what is kept until its turn.
    let largest = 5 * (plan.chunks.lazy.compactMap { $0?.chunkBytes }.max() ?? 0)
    try Pump.run(
      items: items.count,
      threads: WorkerBudget.decoders(options.threads, memory: options.memory, chunkBytes: largest),
      makeWorker: { () throws(ModelError) in Worker(source) },
      work: { (worker, item) throws(ModelError) in
        let (tensor, chunk) = items[item]
        try prepare(tensor, chunk, worker)
      },
      commit: { (worker, item) throws(ModelError) in
        let (tensor, chunk) = items[item]
        guard plan.chunks[tensor] != nil, worker.storedBytes > 0 else { return }
        written.withLock { written in
          worker.offset = written.end
          written.chunks[tensor].append(
            HDF5WrittenChunk(
              number: chunk, offset: written.end, byteCount: worker.storedBytes, filterMask: worker.filterMask))
          written.end += worker.storedBytes
        }
      },
      finish: { (worker, item) throws(ModelError) in
        try within(place) { () throws(ModelError) in try worker.write(to: output) }
        progress(byteRange(items[item].group, items[item].member).count)
      })
    try source.files[file].demandUnchanged()
    let (end, chunks) = written.withLock { ($0.end, $0.chunks) }
    try within(place) { () throws(ModelError) in
      try output.setByteCount(end)
      try output.write(plan.headerBytes(chunks, byteCount: end), at: 0)
      try output.finish()
    }
    return end
  }

  /// The bytes of a tensor that a chunk holds.
  private func byteRange(_ tensor: Int, _ chunk: Int) -> Range<Int> {
    plan.chunks[tensor]?.bytes(ofChunk: chunk) ?? 0..<tensors[tensor].info.byteCount
  }

  /// Reads a chunk and makes of it what is stored.
  private func prepare(_ tensor: Int, _ chunk: Int, _ worker: Worker) throws(ModelError) {
    let range = byteRange(tensor, chunk)
    let start = tensors[tensor].range.lowerBound
    let inFile = (start + range.lowerBound)..<(start + range.upperBound)
    try worker.session.withBytes(of: file, inFile) { (bytes) throws(ModelError) in
      if let chunks = plan.chunks[tensor] {
        try worker.compress(bytes, chunks)
      } else {
        worker.keep(bytes)
        worker.offset = plan.places[tensor] ?? 0
      }
    }
    worker.session.release(of: file, inFile)
  }
}

/// One worker's way to the bytes, and what it has made of the last chunk.
@safe private final class Worker {
  let session: PackSourceSession
  private var workspace = FilterWorkspace()
  private let whole = ScratchBuffer()
  private let stored = ScratchBuffer()
  /// 0 for a chunk that takes no room.
  private(set) var storedBytes = 0
  private(set) var filterMask: UInt32 = 0
  /// Where it comes to lie.
  var offset = 0

  init(_ source: PackSource) { session = PackSourceSession(source) }

  /// Keeps what a chunk becomes by its filters; nothing of zeros.
  func compress(_ bytes: RawSpan, _ chunks: HDF5OutputChunks) throws(ModelError) {
    storedBytes = 0
    guard !bytes.isZeros else { return }
    let missing = chunks.chunkBytes - bytes.byteCount
    guard missing > 0 else { return try apply(bytes, chunks) }
    let room = unsafe whole.raw(chunks.chunkBytes)
    unsafe bytes.withUnsafeBytes { unsafe room.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    unsafe (room + bytes.byteCount).initializeMemory(as: UInt8.self, repeating: 0, count: missing)
    try apply(unsafe RawSpan(_unsafeStart: room, byteCount: chunks.chunkBytes), chunks)
  }

  private func apply(_ bytes: RawSpan, _ chunks: HDF5OutputChunks) throws(ModelError) {
    try chunks.pipeline.apply(bytes, &workspace) { (bytes, mask) throws(ModelError) in
      keep(bytes)
      filterMask = mask
    }
  }

  func keep(_ bytes: RawSpan) {
    storedBytes = bytes.byteCount
    let room = unsafe stored.raw(bytes.byteCount)
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { unsafe room.copyMemory(from: start, byteCount: source.count) }
    }
  }

  func write(to output: any PositionalOutput) throws(ModelError) {
    guard storedBytes > 0 else { return }
    try output.write(unsafe RawSpan(_unsafeStart: stored.raw(storedBytes), byteCount: storedBytes), at: offset)
  }
}

extension RawSpan {
  /// Whether every byte is 0.
  fileprivate var isZeros: Bool {
    unsafe withUnsafeBytes { bytes in
      var place = 0
      while place + 8 <= bytes.count {
        guard unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) == 0 else { return false }
        place += 8
      }
      while place < bytes.count {
        guard unsafe bytes[place] == 0 else { return false }
        place += 1
      }
      return true
    }
  }
}
