import Kernels
public import TensorModel

extension ChunkCodec {
  /// Decodes a stored chunk into all of `target`, which must be aligned to 8 bytes.
  /// - Parameters:
  ///   - byteOffset: where the chunk begins in its tensor.
  ///   - names: the file's list of encodings.
  ///   - base: the base's bytes at the same place, as many as `target` has; nil where there is no base.
  /// - Throws: `unsupported` where an encoding is not known, `malformed` where the chunk does not hold what it claims.
  @unsafe public static func decode(
    _ stored: UnsafeRawBufferPointer, at byteOffset: Int, names: [String], shared: SharedStreams,
    base: UnsafeRawBufferPointer? = nil, into target: UnsafeMutableRawBufferPointer, _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    unsafe precondition(base == nil || base!.count == target.count)
    let chunk = try unsafe StoredChunk(RawSpan(_unsafeBytes: stored), denseBytes: target.count)
    let outer: any Encoding = try encoding(chunk.mask.encoding, names)
    let stage = unsafe StageReader(chunk.mask, of: stored, firstSlot: 0, workspace)
    let place = unsafe ChunkPlace(
      byteOffset: byteOffset, base: base.map { unsafe aligned($0, 8, workspace.base) })
    let inner = unsafe InnerChunk(chunk: chunk, stored: stored, names: names, shared: shared)
    switch outer {
    case is RowsEncoding:
      try unsafe decodeRows(inner, stage, at: place, into: target, workspace)
    case is SortedEncoding:
      try unsafe decodeSorted(inner, stage, at: place, into: target, workspace)
    default:
      let mask = try mask(chunk.mask.encoding, names)
      try unsafe decode(inner, mask, stage, at: place, into: target, workspace)
    }
  }

  /// What decoding the stages within an order needs of the chunk.
  @unsafe private struct InnerChunk {
    let chunk: StoredChunk
    let stored: UnsafeRawBufferPointer
    let names: [String]
    let shared: SharedStreams
  }

  @unsafe private static func decodeRows(
    _ inner: InnerChunk, _ stage: StageReader, at place: ChunkPlace, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let (rowBytes, number, parameters) = try RowOrder.parse(stage.parameters)
    let order = try RowOrder(stage, rowBytes: rowBytes, byteCount: target.count)
    let rows = unsafe UnsafeMutableRawBufferPointer(start: workspace.ordered.raw(target.count), count: target.count)
    try unsafe decode(
      inner, mask(number, inner.names), StageReader(stage, parameters: parameters, skipping: 1),
      at: ChunkPlace(byteOffset: place.byteOffset), into: rows, workspace)
    unsafe order.scatter(rows.baseAddress!, into: target.baseAddress!)
  }

  @unsafe private static func decodeSorted(
    _ inner: InnerChunk, _ stage: StageReader, at place: ChunkPlace, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let (width, number, parameters) = try SortedEncoding.parse(stage.parameters)
    let mask = try unsafe mask(number, inner.names)
    guard let base = unsafe place.base else {
      throw ModelError(.malformed, "a chunk is in the order of a base, in an entry that names no base tensor")
    }
    guard target.count % width == 0 else {
      throw ModelError(.malformed, "\(target.count) bytes in elements of \(width) bytes")
    }
    let count = target.count / width
    let counters = unsafe counters(workspace.counters, width)
    let sortedBase = unsafe workspace.sortedBase.raw(target.count)
    let words = unsafe UnsafeMutableRawBufferPointer(start: workspace.ordered.raw(target.count), count: target.count)
    unsafe MagnitudeSort.sort(base, count: count, width: width, counters: counters, into: sortedBase)
    try unsafe decode(
      inner, mask, StageReader(stage, parameters: parameters, skipping: 0),
      at: ChunkPlace(byteOffset: place.byteOffset, base: sortedBase), into: words, workspace)
    unsafe MagnitudeSort.scatter(
      words.baseAddress!, by: base, count: count, width: width, counters: counters, into: target.baseAddress!)
  }

  /// Decodes the stages of a chunk whose mask stage is known.
  @unsafe private static func decode(
    _ inner: InnerChunk, _ mask: any MaskEncoding, _ maskStage: StageReader, at place: ChunkPlace,
    into target: UnsafeMutableRawBufferPointer, _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let value = unsafe inner.chunk.value
    let valueEncoding: any Encoding = try encoding(value.encoding, unsafe inner.names)
    let valueStage = unsafe StageReader(
      value, of: inner.stored, firstSlot: inner.chunk.mask.streams.count, workspace)
    let shared = unsafe inner.shared
    guard valueEncoding.stage == .value else { throw misplaced(valueEncoding) }
    if mask is NoMask {
      _ = try mask.decode(maskStage, elements: target.count, workspace)
      return try unsafe decode(valueStage, valueEncoding, at: place, nil, shared, into: target, workspace)
    }
    let width = try mask.width(of: maskStage)
    guard [1, 2, 4, 8].contains(width), target.count % width == 0 else {
      throw ModelError(.malformed, "a mask of elements of \(width) bytes in a chunk of \(target.count)")
    }
    let elements = target.count / width
    let kept = KeptElements(
      of: elements, count: try mask.decode(maskStage, elements: elements, workspace), width: width)
    try unsafe decode(valueStage, valueEncoding, at: place, kept, shared, into: target, workspace)
    if kept.count == 0, !(valueEncoding is DeltaEncoding) {
      // Not every encoding looks at streams that hold nothing.
      for number in 0..<valueStage.streamCount { _ = try unsafe valueStage.stream(number, byteCount: 0) }
    }
    guard maskStage.streamCount == 2 else { return }
    let signs = try unsafe maskStage.stream(1, byteCount: (elements - kept.count + 7) / 8)
    guard unsafe signs.contains(where: { $0 != 0 }) else {
      throw ModelError(.malformed, "a mask with signs of zeros of which none is negative")
    }
    unsafe ZeroMask.joinSigns(
      signs, bitmap: workspace.bitmap.bytes(0), elements: elements, width: width, into: target.baseAddress!)
  }

  /// Fills the chunk with the elements of the value stage; those that a mask leaves out are +0.
  @unsafe private static func decode(
    _ stage: StageReader, _ encoding: any Encoding, at place: ChunkPlace, _ kept: KeptElements?,
    _ shared: SharedStreams, into target: UnsafeMutableRawBufferPointer, _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    if let encoding = encoding as? any PositionalEncoding {
      return try unsafe encoding.decode(stage, at: place, kept: kept, into: target, workspace)
    }
    guard let encoding = encoding as? any ValueEncoding else { throw misplaced(encoding) }
    guard let kept else { return try unsafe encoding.decode(stage, shared: shared, into: target, workspace) }
    let packed = unsafe UnsafeMutableRawBufferPointer(
      start: workspace.packed.raw(kept.count * kept.width + 8), count: kept.count * kept.width)
    try unsafe encoding.decode(stage, shared: shared, into: packed, workspace)
    unsafe ZeroMask.join(
      bitmap: workspace.bitmap.bytes(0), packed: packed.baseAddress!, elements: kept.elements, width: kept.width,
      into: target.baseAddress!)
  }

  private static func encoding(_ number: Int, _ names: [String]) throws(ModelError) -> any Encoding {
    let name = try name(number, names)
    guard let encoding = EncodingRegistry.named(name) else {
      throw ModelError(.unsupported, "encoding '\(name)'; known: \(EncodingRegistry.names.joined(separator: ", "))")
    }
    return encoding
  }

  private static func mask(_ number: Int, _ names: [String]) throws(ModelError) -> any MaskEncoding {
    let encoding: any Encoding = try encoding(number, names)
    guard let mask = encoding as? any MaskEncoding else { throw misplaced(encoding) }
    return mask
  }

  /// The name of the encoding at a position of a file's list.
  static func name(_ number: Int, _ names: [String]) throws(ModelError) -> String {
    guard names.indices.contains(number) else {
      throw ModelError(.malformed, "a chunk names encoding \(number) of \(names.count)")
    }
    return names[number]
  }

  private static func misplaced(_ encoding: any Encoding) -> ModelError {
    ModelError(.malformed, "encoding '\(encoding.id)' in the place of the other stage")
  }
}
