import Codecs
import Containers
import Encodings
import Kernels
import TensorModel

/// One worker's way into the entries of a packed file: decodes chunks, proves both their checksums, keeps the last one.
@safe final class EntryReader {
  private let file: PackedFile
  private let workspace = DecodingWorkspace()
  private let decoded = ScratchBuffer()
  private let assembled = ScratchBuffer()
  /// What differences are taken from; nil where that was not given or is not needed.
  private lazy var base = file.base.map { BaseSession($0.model) }
  /// The chunk that `decoded` holds.
  private var held: (entry: Int, chunk: Int)?
  /// The entry whose directory is at hand.
  private var open: (entry: Int, directory: EntryDirectory, shared: SharedStreams)?
  /// The hash of a repeated element, so that many constant chunks of one length are hashed once.
  private var constant: (element: [UInt8], byteCount: Int, hash: UInt64)?

  init(_ file: PackedFile) { self.file = file }

  /// The directory of an entry, read once while the entry stays in use.
  func directory(of entry: Int) throws(ModelError) -> EntryDirectory { try opened(entry).directory }

  private func opened(_ entry: Int) throws(ModelError) -> (directory: EntryDirectory, shared: SharedStreams) {
    if let open, open.entry == entry { return (open.directory, open.shared) }
    let directory = try file.directory(of: entry)
    let shared = try file.sharedStreams(of: entry, directory)
    open = (entry, directory, shared)
    return (directory, shared)
  }

  /// Lends a range of an entry's dense bytes.
  func withBytes<Result: ~Copyable>(
    of entry: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    guard !range.isEmpty else { return try body(RawSpan()) }
    let grid = try directory(of: entry).grid
    let first = grid.chunk(holding: range.lowerBound)
    let last = grid.chunk(holding: range.upperBound - 1)
    if first == last {
      let chunk = grid.bytes(ofChunk: first)
      try decode(entry, first)
      let bytes = unsafe UnsafeRawBufferPointer(
        start: decoded.raw(0) + (range.lowerBound - chunk.lowerBound), count: range.count)
      return try unsafe body(RawSpan(_unsafeBytes: bytes))
    }
    let target = unsafe assembled.raw(range.count)
    for number in first...last {
      try decode(entry, number)
      let chunk = grid.bytes(ofChunk: number)
      let part = chunk.clamped(to: range)
      unsafe (target + (part.lowerBound - range.lowerBound)).copyMemory(
        from: decoded.raw(0) + (part.lowerBound - chunk.lowerBound), byteCount: part.count)
    }
    return try unsafe body(RawSpan(_unsafeStart: target, byteCount: range.count))
  }

  /// The element that fills a whole chunk, where it is stored so; nothing is decoded then, but both checksums are proved.
  func repeatedElement(of entry: Int, chunk: Int) throws(ModelError) -> [UInt8]? {
    let (directory, _) = try opened(entry)
    let stored = directory.storedBytes(ofChunk: chunk)
    // A constant chunk is a handful of bytes; others are not looked at here.
    guard stored.count <= 64 else { return nil }
    let byteCount = directory.grid.bytes(ofChunk: chunk).count
    return try proved(entry, chunk) { (bytes) throws(ModelError) in
      let element = try ChunkCodec.repeatedElement(bytes, names: file.index.encodings, denseBytes: byteCount)
      guard let element, byteCount % element.count == 0 else { return nil }
      guard hash(of: element, byteCount: byteCount) == directory.denseHashes[chunk] else { throw denseDamage(chunk) }
      return element
    }
  }

  /// What a chunk names, by its first bytes alone; its checksum is not looked at.
  func choice(of entry: Int, chunk: Int) throws(ModelError) -> ChunkChoice {
    let stored = try directory(of: entry).storedBytes(ofChunk: chunk)
    let start = stored.prefix(ChunkCodec.choiceBytes)
    return try inChunk(entry, chunk) { () throws(ModelError) in
      try file.withStored(file.index.entries[entry].place, start) { (bytes) throws(ModelError) in
        try ChunkCodec.choice(bytes, names: file.index.encodings)
      }
    }
  }

  /// Leaves the chunk's dense bytes at the start of `decoded`.
  private func decode(_ entry: Int, _ chunk: Int) throws(ModelError) {
    if let held, held == (entry, chunk) { return }
    held = nil
    let (directory, shared) = try opened(entry)
    let range = directory.grid.bytes(ofChunk: chunk)
    let target = unsafe UnsafeMutableRawBufferPointer(start: decoded.raw(range.count), count: range.count)
    // What can't be told of a damaged chunk is said when it is decoded.
    let needsBase = file.index.entries[entry].base != nil && (try? choice(of: entry, chunk: chunk))?.needsBase == true
    do throws(ModelError) {
      try withBase(of: entry, needsBase ? range : nil) { (base) throws(ModelError) in
        try proved(entry, chunk) { (bytes) throws(ModelError) in
          try unsafe decode(bytes, at: range.lowerBound, shared, base, into: target)
          guard unsafe XXH3.hash(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(target))) == directory.denseHashes[chunk]
          else { throw denseDamage(chunk) }
        }
      }
    } catch {
      guard needsBase else { throw error }
      throw try blame(error, entry)
    }
    held = (entry, chunk)
  }

  @unsafe private func decode(
    _ stored: RawSpan, at byteOffset: Int, _ shared: SharedStreams, _ base: RawSpan,
    into target: UnsafeMutableRawBufferPointer
  ) throws(ModelError) {
    try unsafe stored.withUnsafeBytes { (stored) throws(ModelError) in
      try unsafe base.withUnsafeBytes { (base) throws(ModelError) in
        try unsafe ChunkCodec.decode(
          stored, at: byteOffset, names: file.index.encodings, shared: shared, base: base.isEmpty ? nil : base,
          into: target, workspace)
      }
    }
  }

  /// Lends the base's bytes at a range of an entry; none where there is no range.
  private func withBase(
    of entry: Int, _ range: Range<Int>?, _ body: (RawSpan) throws(ModelError) -> Void
  ) throws(ModelError) {
    guard let range else { return try body(RawSpan()) }
    guard let tensors = file.base, let base else {
      throw file.missingBase ?? ModelError(.malformed, "an entry needs a base that the file does not")
    }
    let number = tensors.number(of: entry)
    let dtype = file.index.entries[entry].info.dtype
    try base.withBytes(of: number, as: dtype, range, body)
    base.release(of: number, as: dtype, range)
  }

  /// What went wrong with a difference: where the base is another than it was, that.
  private func blame(_ error: ModelError, _ entry: Int) throws(ModelError) -> ModelError {
    guard error.code == .malformed, let tensors = file.base, let base, let recorded = file.index.entries[entry].base,
      try !tensors.isProved(entry, hash: recorded.hash, base)
    else { return error }
    return tensors.model.isNotTheBase(
      "its '\(recorded.name)' holds other values than when this was packed", recorded: file.baseName)
  }

  /// Proves the checksum of a chunk's stored bytes alone.
  func proveStored(_ entry: Int, chunk: Int) throws(ModelError) { try proved(entry, chunk) { _ in } }

  /// Lends a chunk's stored bytes after proving their checksum; errors name their place in the file.
  private func proved<Result>(
    _ entry: Int, _ chunk: Int, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let (directory, _) = try opened(entry)
    let place = file.index.entries[entry].place
    let range = directory.storedBytes(ofChunk: chunk)
    return try inChunk(entry, chunk) { () throws(ModelError) in
      try file.withStored(place, range) { (bytes) throws(ModelError) in
        guard EntryDirectory.storedHash(bytes) == directory.storedHashes[chunk] else {
          throw ModelError(.malformed, "the checksum of chunk \(chunk) does not hold")
        }
        return try body(bytes)
      }
    }
  }

  /// Turns offsets in errors, which count from the start of the chunk, into offsets in the file.
  private func inChunk<Result>(
    _ entry: Int, _ chunk: Int, _ body: () throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    let start = file.index.entries[entry].place.offset + (try directory(of: entry)).chunkStarts[chunk]
    do throws(ModelError) {
      return try body()
    } catch {
      var error = error
      error.byteOffset = start + (error.byteOffset ?? 0)
      throw error
    }
  }

  /// Gives back the memory of the chunks that end in a range of an entry's bytes.
  func release(_ entry: Int, _ range: Range<Int>) {
    guard !range.isEmpty, let open, open.entry == entry else { return }
    let grid = open.directory.grid
    for chunk in grid.chunk(holding: range.lowerBound)...grid.chunk(holding: range.upperBound - 1)
    where grid.bytes(ofChunk: chunk).upperBound <= range.upperBound {
      release(entry, chunk: chunk)
    }
  }

  /// Gives back the memory of a chunk's stored bytes.
  func release(_ entry: Int, chunk: Int) {
    guard let open, open.entry == entry else { return }
    let start = file.index.entries[entry].place.offset
    let range = open.directory.storedBytes(ofChunk: chunk)
    file.map.release((start + range.lowerBound)..<(start + range.upperBound))
  }

  private func denseDamage(_ chunk: Int) -> ModelError {
    ModelError(.malformed, "chunk \(chunk) decodes to other bytes than were packed")
  }

  private func hash(of element: [UInt8], byteCount: Int) -> UInt64 {
    if let constant, constant.element == element, constant.byteCount == byteCount { return constant.hash }
    // A whole number of elements at a time, whatever their size.
    let block = element.count * 8192
    var bytes: [UInt8] = []
    bytes.reserveCapacity(block)
    while bytes.count < min(block, byteCount) { bytes.append(contentsOf: element) }
    var state = XXH3()
    var left = byteCount
    while left > 0 {
      let count = min(left, bytes.count)
      unsafe state.update(bytes.span.bytes.extracting(first: count))
      left -= count
    }
    constant = (element, byteCount, state.value)
    return state.value
  }
}

/// A packed model's tensors, lent to one worker.
final class PackedSession: TensorSession {
  private let model: PackedModel
  private let reader: EntryReader
  /// For tensors that no entry holds.
  private let files: PackedFileReader
  /// Of views, by their files.
  private var views: [Int: any TensorSession] = [:]

  init(_ model: PackedModel) {
    self.model = model
    reader = EntryReader(model.file)
    files = PackedFileReader(model.file)
  }

  func withBytes<Result: ~Copyable>(
    of tensor: Int, _ range: Range<Int>, _ body: (RawSpan) throws(ModelError) -> Result
  ) throws(ModelError) -> Result {
    if let (session, number) = view(of: tensor) { return try session.withBytes(of: number, range, body) }
    let tensor = model.tensors[tensor]
    guard case .file(let offset) = tensor.place else {
      return try reader.withBytes(of: tensor.holder!, range, body)
    }
    guard tensor.isSwapped else {
      return try files.withBytes(of: tensor.file, (offset + range.lowerBound)..<(offset + range.upperBound), body)
    }
    return try ByteSwap.withBlocks(tensor.info.dtype, range, body) { (whole, turn) throws(ModelError) in
      try files.withBytes(of: tensor.file, (offset + whole.lowerBound)..<(offset + whole.upperBound), turn)
    }
  }

  /// The session that reads a tensor through the bytes of its file, and its number there; nil where an entry holds it.
  private func view(of tensor: Int) -> (any TensorSession, number: Int)? {
    guard let (views, number) = model.view(of: tensor) else { return nil }
    let file = model.tensors[tensor].file
    let session = self.views[file] ?? views.makeSession(PackedFileBytes(files, file: file))
    self.views[file] = session
    return (session, number)
  }

  func release(of tensor: Int, _ range: Range<Int>) {
    if let (session, number) = view(of: tensor) { return session.release(of: number, range) }
    guard !range.isEmpty, let holder = model.tensors[tensor].holder,
      let directory = try? reader.directory(of: holder)
    else { return }
    let place = model.file.index.entries[holder].place
    let first = directory.grid.chunk(holding: range.lowerBound)
    let last = directory.grid.chunk(holding: range.upperBound - 1)
    model.file.map.release(
      (place.offset + directory.chunkStarts[first])..<(place.offset + directory.chunkStarts[last + 1]))
  }

  func repeatedBlock(of tensor: Int, _ range: Range<Int>) throws(ModelError) -> [UInt8]? {
    if let (session, number) = view(of: tensor) { return try session.repeatedBlock(of: number, range) }
    guard !range.isEmpty, let holder = model.tensors[tensor].holder else { return nil }
    let grid = try reader.directory(of: holder).grid
    let first = grid.chunk(holding: range.lowerBound)
    let last = grid.chunk(holding: range.upperBound - 1)
    guard let element = try reader.repeatedElement(of: holder, chunk: first) else { return nil }
    for chunk in (first + 1)..<(last + 1) {
      guard try reader.repeatedElement(of: holder, chunk: chunk) == element else { return nil }
    }
    let blockBytes = model.catalog.tensors[tensor].info.dtype.blockBytes
    guard blockBytes % element.count == 0 else { return nil }
    return Array(repeatElement(element, count: blockBytes / element.count).joined())
  }
}
