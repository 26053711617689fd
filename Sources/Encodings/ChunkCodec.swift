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
  /// What `blocks` takes apart.
  public var blocks: BlockType?
  /// Blocks of a row of these; 0 of tensors without rows.
  public var rowBlocks = 0
  /// Bytes of a row of the matrix that the tensor is; 0 where its rows are not put in order.
  public var rowBytes = 0
  /// Whether the first of `values` that can store a chunk is taken, without trying the others.
  public var takesFirst = false

  public init(element: ElementType, values: [String], searchesMatches: Bool, shared: SharedStreams = .none) {
    self.element = element
    self.values = values
    self.searchesMatches = searchesMatches
    self.shared = shared
  }
}

/// What was chosen for a chunk.
public struct ChunkChoice: Hashable, Sendable {
  public var mask: String
  public var value: String
  /// Zeros in the chunk, of either sign; 0 where they were not counted.
  public var zeros: Int
  /// Whether rows are in order.
  public var hasOrder = false

  public init(mask: String, value: String, zeros: Int = 0) {
    self.mask = mask
    self.value = value
    self.zeros = zeros
  }

  /// `gaps+fused`; a mask of `none` is not named.
  public var name: String { (hasOrder ? "rows+" : "") + (mask == "none" ? value : "\(mask)+\(value)") }
}

/// Chunks to stored chunks and back.
public enum ChunkCodec {
  /// Encodes a chunk; its stored form is lent by `workspace.withEncoded` until the next one is encoded.
  /// - Parameter bytes: the chunk's bytes, at least one, of any alignment; whole elements.
  /// - Parameter byteOffset: where the chunk begins in its tensor.
  public static func encode(
    _ bytes: RawSpan, at byteOffset: Int, plan: TensorPlan, _ workspace: EncodingWorkspace
  ) -> ChunkChoice {
    unsafe bytes.withUnsafeBytes { unsafe encode($0, at: byteOffset, plan: plan, workspace) }
  }

  @unsafe private static func encode(
    _ bytes: UnsafeRawBufferPointer, at byteOffset: Int, plan: TensorPlan, _ workspace: EncodingWorkspace
  ) -> ChunkChoice {
    precondition(bytes.count > 0 && bytes.count % plan.element.width == 0)
    let elements = unsafe Elements(
      start: aligned(bytes, plan.element.width, workspace), count: bytes.count / plan.element.width, type: plan.element)
    workspace.best.searchesMatches = plan.searchesMatches
    workspace.attempt.searchesMatches = plan.searchesMatches
    workspace.best.reset()
    let best = workspace.best
    NoMask.appendRecord(to: best)
    if unsafe ConstantEncoding().encode(
      elements, shared: plan.shared, as: EncodingRegistry.number(of: "constant"), into: best, workspace)
    {
      return ChunkChoice(mask: "none", value: "constant")
    }
    let first = byteOffset / plan.element.width
    let choice = unsafe ChunkPlanner.encode(elements, at: first, plan: plan, workspace)
    guard byteOffset % max(plan.rowBytes, 1) == 0, let order = unsafe RowOrder(elements, rowBytes: plan.rowBytes) else {
      return choice
    }
    return try! workspace.withEncoded { (plain) throws(ModelError) in
      let kept = unsafe plain.withUnsafeBytes { unsafe [UInt8]($0) }
      let rows = unsafe workspace.ordered.raw(bytes.count)
      unsafe order.gather(elements.start, into: rows)
      workspace.order = order
      defer { workspace.order = nil }
      let ordered = unsafe Elements(start: rows, count: elements.count, type: elements.type)
      var other = unsafe ChunkPlanner.encode(ordered, at: first, plan: plan, workspace)
      if workspace.encodedByteCount < kept.count {
        other.hasOrder = true
        return other
      }
      workspace.best.adopt(kept)
      return choice
    }
  }

  /// The chunk's bytes at an address aligned for its elements, copied only if need be.
  @unsafe static func aligned(
    _ bytes: UnsafeRawBufferPointer, _ width: Int, _ workspace: EncodingWorkspace
  ) -> UnsafeRawPointer {
    let start = bytes.baseAddress!
    guard UInt(bitPattern: start) % UInt(width) != 0 else { return unsafe start }
    let copy = unsafe workspace.aligned.raw(bytes.count)
    unsafe copy.copyMemory(from: start, byteCount: bytes.count)
    return UnsafeRawPointer(copy)
  }

  /// Decodes a stored chunk into all of `target`, which must be aligned to 8 bytes.
  /// - Parameters:
  ///   - byteOffset: where the chunk begins in its tensor.
  ///   - names: the file's list of encodings.
  /// - Throws: `unsupported` where an encoding is not known, `malformed` where the chunk does not hold what it claims.
  @unsafe public static func decode(
    _ stored: UnsafeRawBufferPointer, at byteOffset: Int, names: [String], shared: SharedStreams,
    into target: UnsafeMutableRawBufferPointer, _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let chunk = try unsafe StoredChunk(RawSpan(_unsafeBytes: stored), denseBytes: target.count)
    let outer: any Encoding = try encoding(chunk.mask.encoding, names)
    let stage = unsafe StageReader(chunk.mask, of: stored, firstSlot: 0, workspace)
    guard outer is RowsEncoding else {
      guard let mask = outer as? any MaskEncoding else { throw misplaced(outer) }
      return try unsafe decode(
        chunk, stored, mask, stage, at: byteOffset, names, shared: shared, into: target, workspace)
    }
    let (rowBytes, number, parameters) = try RowOrder.parse(stage.parameters)
    let order = try RowOrder(stage, rowBytes: rowBytes, byteCount: target.count)
    let inner: any Encoding = try encoding(number, names)
    guard let mask = inner as? any MaskEncoding else { throw misplaced(inner) }
    let rows = unsafe UnsafeMutableRawBufferPointer(
      start: workspace.ordered.raw(target.count), count: target.count)
    try unsafe decode(
      chunk, stored, mask, StageReader(stage, parameters: parameters), at: byteOffset, names, shared: shared,
      into: rows, workspace)
    unsafe order.scatter(rows.baseAddress!, into: target.baseAddress!)
  }

  /// Decodes a chunk whose mask stage is known.
  @unsafe private static func decode(
    _ chunk: StoredChunk, _ stored: UnsafeRawBufferPointer, _ mask: any MaskEncoding, _ maskStage: StageReader,
    at byteOffset: Int, _ names: [String], shared: SharedStreams, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let valueEncoding: any Encoding = try encoding(chunk.value.encoding, names)
    let valueStage = unsafe StageReader(chunk.value, of: stored, firstSlot: chunk.mask.streams.count, workspace)
    guard valueEncoding.stage == .value else { throw misplaced(valueEncoding) }
    if mask is NoMask {
      _ = try mask.decode(maskStage, elements: target.count, workspace)
      return try unsafe decode(valueStage, valueEncoding, at: byteOffset, nil, shared, into: target, workspace)
    }
    let width = try maskStage.width()
    guard [1, 2, 4, 8].contains(width), target.count % width == 0 else {
      throw ModelError(.malformed, "a mask of elements of \(width) bytes in a chunk of \(target.count)")
    }
    let elements = target.count / width
    let kept = KeptElements(
      of: elements, count: try mask.decode(maskStage, elements: elements, workspace), width: width)
    try unsafe decode(valueStage, valueEncoding, at: byteOffset, kept, shared, into: target, workspace)
    if kept.count == 0 {
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
    _ stage: StageReader, _ encoding: any Encoding, at byteOffset: Int, _ kept: KeptElements?, _ shared: SharedStreams,
    into target: UnsafeMutableRawBufferPointer, _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    if let encoding = encoding as? any PositionalEncoding {
      return try unsafe encoding.decode(stage, at: byteOffset, kept: kept, into: target, workspace)
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
  public static let choiceBytes = 64

  /// What a stored chunk names.
  /// - Parameter start: its first `choiceBytes` bytes, or all where there are fewer.
  public static func choice(_ start: RawSpan, names: [String]) throws(ModelError) -> ChunkChoice {
    let found = try StoredChunk.encodings(start)
    let mask = try name(found.mask, names)
    guard mask == "rows" else { return ChunkChoice(mask: mask, value: try name(found.value, names)) }
    var choice = ChunkChoice(
      mask: try name(RowOrder.parse(found.parameters).mask, names), value: try name(found.value, names))
    choice.hasOrder = true
    return choice
  }

  private static func encoding(_ number: Int, _ names: [String]) throws(ModelError) -> any Encoding {
    let name = try name(number, names)
    guard let encoding = EncodingRegistry.named(name) else {
      throw ModelError(.unsupported, "encoding '\(name)'; known: \(EncodingRegistry.names.joined(separator: ", "))")
    }
    return encoding
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
