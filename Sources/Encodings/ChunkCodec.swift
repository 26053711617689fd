import Glibc
import Kernels
public import TensorModel

/// What packing knows of a tensor before it comes to its chunks.
public struct TensorPlan: Hashable, Sendable {
  public var element: ElementType
  /// Ids of the value encodings that a chunk is offered, the likeliest first.
  public var values: [String]
  /// Whether zstd's match search is tried on streams.
  public var searchesMatches: Bool
  public var shared: SharedStreams
  /// What `grid` looks for.
  public var grid: GridPlan?
  /// Bytes of a row of the matrix that the tensor is; 0 where its rows are not put in order.
  public var rowBytes = 0
  /// Whether the first of `values` that can store a chunk is taken, without trying the others.
  public var takesFirst = false
  /// Groups of neighbours of which as many are zeros.
  public var groups: GroupFinding?
  /// Orders in which the difference from a base is tried; none where it is not worth trying.
  public var deltas: [DeltaOrder] = []
  /// Whether the difference is taken without trying `values`.
  public var takesDelta = false

  public init(element: ElementType, values: [String], searchesMatches: Bool, shared: SharedStreams = .none) {
    self.element = element
    self.values = values
    self.searchesMatches = searchesMatches
    self.shared = shared
  }
}

/// In which order the differences from a base are stored.
public enum DeltaOrder: Hashable, Sendable {
  case asTheyAre
  /// By the base's magnitudes.
  case sorted
}

/// What was chosen for a chunk.
public struct ChunkChoice: Hashable, Sendable {
  public var mask: String
  public var value: String
  /// Zeros in the chunk, of either sign; 0 where they were not counted.
  public var zeros: Int
  /// The order of the elements, where they have one of their own: `rows` or `sorted`.
  public var order: String?

  public init(mask: String, value: String, zeros: Int = 0) {
    self.mask = mask
    self.value = value
    self.zeros = zeros
  }

  /// `gaps+fused`; a mask of `none` is not named.
  public var name: String { (order.map { $0 + "+" } ?? "") + (mask == "none" ? value : "\(mask)+\(value)") }

  /// Whether the chunk can't be decoded without the base.
  public var needsBase: Bool { order == "sorted" || value == "delta" }
}

/// Chunks to stored chunks and back.
public enum ChunkCodec {
  /// Encodes a chunk; its stored form is lent by `workspace.withEncoded` until the next one is encoded.
  /// - Parameters:
  ///   - bytes: the chunk's bytes, at least one, of any alignment; whole elements.
  ///   - byteOffset: where the chunk begins in its tensor.
  ///   - base: the base's bytes at the same place, as many; empty where there is no base.
  public static func encode(
    _ bytes: RawSpan, at byteOffset: Int, base: RawSpan = RawSpan(), plan: TensorPlan, _ workspace: EncodingWorkspace
  ) -> ChunkChoice {
    precondition(base.byteCount == 0 || base.byteCount == bytes.byteCount)
    return unsafe bytes.withUnsafeBytes { bytes in
      unsafe base.withUnsafeBytes { base in unsafe encode(bytes, at: byteOffset, base, plan: plan, workspace) }
    }
  }

  @unsafe private static func encode(
    _ bytes: UnsafeRawBufferPointer, at byteOffset: Int, _ base: UnsafeRawBufferPointer, plan: TensorPlan,
    _ workspace: EncodingWorkspace
  ) -> ChunkChoice {
    precondition(bytes.count > 0 && bytes.count % plan.element.width == 0)
    let width = plan.element.width
    let elements = unsafe Elements(
      start: aligned(bytes, width, workspace.aligned), count: bytes.count / width, type: plan.element)
    let place = unsafe ChunkPlace(
      byteOffset: byteOffset, base: base.isEmpty ? nil : aligned(base, width, workspace.base))
    workspace.best.searchesMatches = plan.searchesMatches
    workspace.attempt.searchesMatches = plan.searchesMatches
    if let choice = unsafe trivial(elements, at: place, plan: plan, workspace) { return choice }

    var smallest = SmallestChunk(workspace)
    if !plan.takesDelta {
      let choice = unsafe ChunkPlanner.encode(elements, at: place, plan: plan, workspace)
      let hasRows = byteOffset % max(plan.rowBytes, 1) == 0
      let order = hasRows ? unsafe RowOrder(elements, rowBytes: plan.rowBytes) : nil
      if order == nil, plan.deltas.isEmpty { return choice }
      smallest.offer(choice)
      if let order { smallest.offer(unsafe inRows(elements, order, at: place, plan: plan, workspace)) }
    }
    if unsafe place.base != nil {
      var delta = plan
      delta.values = ["delta"]
      for order in plan.deltas {
        smallest.offer(
          unsafe order == .asTheyAre
            ? ChunkPlanner.encode(elements, at: place, plan: delta, workspace)
            : sorted(elements, at: place, plan: delta, workspace))
      }
    }
    return smallest.take()
  }

  /// A chunk of one repeated element, or of the base's bytes.
  @unsafe private static func trivial(
    _ elements: Elements, at place: ChunkPlace, plan: TensorPlan, _ workspace: EncodingWorkspace
  ) -> ChunkChoice? {
    let best = workspace.best
    best.reset()
    NoMask.appendRecord(to: best)
    if unsafe ConstantEncoding().encode(
      elements, shared: plan.shared, as: EncodingRegistry.number(of: "constant"), into: best, workspace)
    {
      return ChunkChoice(mask: "none", value: "constant")
    }
    guard let base = unsafe place.base, unsafe memcmp(base, elements.start, elements.byteCount) == 0 else {
      return nil
    }
    unsafe DeltaEncoding.appendEqual(elements.type, to: best)
    return ChunkChoice(mask: "none", value: "delta")
  }

  @unsafe private static func inRows(
    _ elements: Elements, _ order: RowOrder, at place: ChunkPlace, plan: TensorPlan, _ workspace: EncodingWorkspace
  ) -> ChunkChoice {
    let rows = unsafe workspace.ordered.raw(elements.byteCount)
    unsafe order.gather(elements.start, into: rows)
    let ordered = unsafe Elements(start: rows, count: elements.count, type: elements.type)
    return unsafe encode(ordered, in: .rows(order), at: ChunkPlace(byteOffset: place.byteOffset), plan: plan, workspace)
  }

  /// The chunk in the order of the base's magnitudes.
  @unsafe private static func sorted(
    _ elements: Elements, at place: ChunkPlace, plan: TensorPlan, _ workspace: EncodingWorkspace
  ) -> ChunkChoice {
    let (count, width) = unsafe (elements.count, elements.type.width)
    let (words, base) = unsafe (
      workspace.ordered.raw(count * width), workspace.sortedBase.raw(count * width)
    )
    unsafe MagnitudeSort.gather(
      elements.start, by: place.base!, count: count, width: width, counters: counters(workspace.counters, width),
      into: words, base)
    let ordered = unsafe Elements(start: words, count: count, type: elements.type)
    return unsafe encode(
      ordered, in: .sorted(width: width), at: ChunkPlace(byteOffset: place.byteOffset, base: base), plan: plan,
      workspace)
  }

  @unsafe private static func encode(
    _ ordered: Elements, in order: ChunkOrder, at place: ChunkPlace, plan: TensorPlan, _ workspace: EncodingWorkspace
  ) -> ChunkChoice {
    workspace.order = order
    defer { workspace.order = nil }
    var choice = unsafe ChunkPlanner.encode(ordered, at: place, plan: plan, workspace)
    choice.order = order.id
    return choice
  }

  @unsafe private static func counters(_ buffer: ScratchBuffer, _ width: Int) -> UnsafeMutablePointer<UInt32> {
    unsafe buffer.raw(4 * MagnitudeSort.counterCount(width: width)).assumingMemoryBound(to: UInt32.self)
  }

  /// Bytes at an address aligned for elements of `width` bytes, copied only if need be.
  @unsafe static func aligned(
    _ bytes: UnsafeRawBufferPointer, _ width: Int, _ room: ScratchBuffer
  ) -> UnsafeRawPointer {
    let start = bytes.baseAddress!
    guard UInt(bitPattern: start) % UInt(width) != 0 else { return unsafe start }
    let copy = unsafe room.raw(bytes.count)
    unsafe copy.copyMemory(from: start, byteCount: bytes.count)
    return UnsafeRawPointer(copy)
  }

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
    unsafe MagnitudeSort.gather(
      base, by: base, count: count, width: width, counters: counters, into: words.baseAddress!, sortedBase)
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

  /// The element that fills a whole stored chunk, where that is how it is stored.
  public static func repeatedElement(
    _ stored: RawSpan, names: [String], denseBytes: Int
  ) throws(ModelError) -> [UInt8]? {
    ConstantEncoding.element(of: try StoredChunk(stored, denseBytes: denseBytes), names: names, denseBytes: denseBytes)
  }

  /// Bytes from the start of a stored chunk that are enough for `choice`.
  public static let choiceBytes = 96

  /// What a stored chunk names.
  /// - Parameter start: its first `choiceBytes` bytes, or all where there are fewer.
  public static func choice(_ start: RawSpan, names: [String]) throws(ModelError) -> ChunkChoice {
    let found = try StoredChunk.encodings(start)
    let mask = try name(found.mask, names)
    let value = try name(found.value, names)
    let inner: Int
    switch mask {
    case "rows": inner = try RowOrder.parse(found.parameters).mask
    case "sorted": inner = try SortedEncoding.parse(found.parameters).mask
    default: return ChunkChoice(mask: mask, value: value)
    }
    var choice = ChunkChoice(mask: try name(inner, names), value: value)
    choice.order = mask
    return choice
  }

  /// Whether the elements of a stored chunk are the base's, wherever its mask keeps them.
  public static func holdsBase(_ stored: RawSpan, names: [String], denseBytes: Int) throws(ModelError) -> Bool {
    let value = try StoredChunk(stored, denseBytes: denseBytes).value
    return try name(value.encoding, names) == "delta" && DeltaEncoding.isEqual(value.parameters)
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

  private static func name(_ number: Int, _ names: [String]) throws(ModelError) -> String {
    guard names.indices.contains(number) else {
      throw ModelError(.malformed, "a chunk names encoding \(number) of \(names.count)")
    }
    return names[number]
  }

  private static func misplaced(_ encoding: any Encoding) -> ModelError {
    ModelError(.malformed, "encoding '\(encoding.id)' in the place of the other stage")
  }
}
