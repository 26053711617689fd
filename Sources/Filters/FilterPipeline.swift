public import TensorModel

/// The filters of a dataset's chunks, in the order in which a writer applies them (HDF5 file format, filter pipeline
/// message). `formats/hdf5-filters.md` specifies each.
public struct FilterPipeline: Hashable, Sendable {
  public let filters: [ChunkFilter]
  let stages: [FilterStage]

  /// - Throws: `malformed` where there are more than 32 filters.
  public init(_ filters: [ChunkFilter]) throws(ModelError) {
    guard filters.count <= 32 else {
      throw ModelError(.malformed, "a pipeline of \(filters.count) filters, expected 32 at most")
    }
    self.filters = filters
    stages = filters.map { FilterStage($0) }
  }

  /// Those that this library can't undo.
  public var unknownFilters: [ChunkFilter] { zip(filters, stages).filter { $1 == .unknown }.map(\.0) }

  /// The filters' names in order: `shuffle, gzip 4`; `none` where there are none.
  public var description: String {
    filters.isEmpty ? "none" : filters.map(\.description).joined(separator: ", ")
  }

  /// The numbers of the filters that were applied to a chunk. Bit n of its filter mask says that filter n was not.
  func applied(_ mask: UInt32) -> [Int] { stages.indices.filter { mask >> UInt32($0) & 1 == 0 } }

  /// Undoes the filters of one chunk, into all of `target`. Needs at most twice that in the workspace, and with
  /// compressors upon each other some four times.
  /// - Parameters:
  ///   - chunk: the bytes that the file holds.
  ///   - offset: where they begin in the file, for errors.
  ///   - mask: the chunk's filter mask.
  /// - Throws: `malformed` where the chunk does not decode to as many bytes as `target` has, `unsupported` where it went
  ///   through a filter that isn't known.
  @unsafe public func undo(
    _ chunk: RawSpan, at offset: Int, skipping mask: UInt32, into target: UnsafeMutableRawBufferPointer,
    _ workspace: inout FilterWorkspace
  ) throws(ModelError) {
    try unsafe chunk.withUnsafeBytes { (chunk) throws(ModelError) in
      try unsafe undo(chunk, at: offset, applied(mask), into: target, &workspace)
    }
  }

  @unsafe private func undo(
    _ chunk: UnsafeRawBufferPointer, at offset: Int, _ applied: [Int], into target: UnsafeMutableRawBufferPointer,
    _ workspace: inout FilterWorkspace
  ) throws(ModelError) {
    let sizes = sizes(before: applied, byteCount: target.count)
    var bytes = unsafe chunk
    for (place, number) in applied.enumerated().reversed() {
      let isFirst = place == applied.count - 1
      do throws(ModelError) {
        let room = unsafe place == 0 ? target : workspace.room(sizes[place].byteCount, ofStage: place)
        unsafe bytes = try unsafe undo(number, bytes, expecting: sizes[place], into: room, &workspace)
      } catch {
        // What a filter says of its input is a place of the file where its input is the chunk.
        var error = error
        error.byteOffset = isFirst ? offset + (error.byteOffset ?? 0) : offset
        throw error.inside(filters[number].description)
      }
    }
    guard unsafe bytes.baseAddress != UnsafeRawPointer(target.baseAddress) else { return }
    guard bytes.count == target.count else {
      throw ModelError(.malformed, "a chunk of \(bytes.count) bytes, expected \(target.count)", at: offset)
    }
    unsafe target.copyMemory(from: bytes)
  }

  /// How many bytes each of these filters was given.
  private func sizes(before applied: [Int], byteCount: Int) -> [FilteredSize] {
    var size = FilteredSize(byteCount: byteCount, isExact: true)
    return applied.map { number in
      defer { size = stages[number].applied(to: size) }
      return size
    }
  }

  /// Undoes one filter. What it gives lies in `room`, or in `bytes` where the filter only adds to them.
  @unsafe private func undo(
    _ number: Int, _ bytes: UnsafeRawBufferPointer, expecting size: FilteredSize,
    into room: UnsafeMutableRawBufferPointer, _ workspace: inout FilterWorkspace
  ) throws(ModelError) -> UnsafeRawBufferPointer {
    switch stages[number] {
    case .fletcher32:
      return try unsafe Fletcher32Filter.undo(bytes, expecting: size)
    case .deflate:
      let count = try unsafe workspace.zlibDecompressor().decompress(bytes, into: room)
      try size.demand(count)
      return unsafe UnsafeRawBufferPointer(rebasing: room[..<count])
    case .shuffle(let elementBytes):
      try size.demand(bytes.count)
      return unsafe ShuffleFilter.undo(bytes, elementBytes: elementBytes, into: room)
    case .zstd:
      return try unsafe ZstdFilter.undo(bytes, expecting: size, into: room, &workspace)
    case .lzf:
      return try unsafe LZFFilter.undo(bytes, expecting: size, into: room)
    case .lz4:
      return try unsafe LZ4Filter.undo(bytes, expecting: size, into: room)
    case .bitshuffle(let layout):
      return try unsafe layout.undo(bytes, expecting: size, into: room, &workspace)
    case .unknown:
      throw ModelError(.unsupported, "a chunk went through a filter that this build can't undo")
    case .invalid(let error):
      throw error
    }
  }
}
