import Kernels
public import TensorModel

/// Floats as exponent rank and leading mantissa in one symbol, the rest raw (`formats/encodings/fused.md`).
public struct FusedEncoding: ValueEncoding {
  public let id = "fused"
  public let summary = "floats, exponent rank and leading mantissa in one symbol"

  public func accepts(_ type: ElementType) -> Bool { type.isFloat }

  @unsafe public func encode(
    _ elements: Elements, shared: SharedStreams, as number: Int, into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) -> Bool {
    let type = unsafe elements.type
    let step = chunk.effort.cutSample.map { unsafe max(1, elements.count / $0) } ?? 1
    let histogram = unsafe FusedHistogram(
      elements.start, elements: elements.count, width: type.width, exponentBits: type.exponentBits, step: step)
    let cuts = FusedCut.ranked(histogram, type: type).prefix(chunk.effort.cutTrials)
    var best: (cut: FusedCut, size: Int)?
    let start = chunk.mark
    let before = chunk.byteCount
    for cut in cuts {
      chunk.rollBack(to: start)
      unsafe append(elements, cut, shared: shared, as: number, into: chunk, workspace)
      let size = chunk.byteCount - before
      if best == nil || size < best!.size { best = (cut, size) }
    }
    if let best, best.cut != cuts.last {
      chunk.rollBack(to: start)
      unsafe append(elements, best.cut, shared: shared, as: number, into: chunk, workspace)
    }
    return best != nil
  }

  @unsafe private func append(
    _ elements: Elements, _ cut: FusedCut, shared: SharedStreams, as number: Int, into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) {
    let layout = cut.layout
    let count = unsafe elements.count
    let symbols = unsafe workspace.symbols.bytes(count)
    let escapes = unsafe workspace.escapes.raw(2 * count + 2).assumingMemoryBound(to: UInt16.self)
    let planes = unsafe workspace.planes.bytes(layout.planeCount * count + 1)
    let sizes = layout.fields.map { BitFields.byteCount(elements: count, bits: $0.bits) }
    var next = unsafe workspace.fields.bytes(sizes.reduce(0, +) + 1)
    var fields: [UnsafeMutablePointer<UInt8>] = unsafe []
    for size in sizes {
      unsafe fields.append(next)
      unsafe next += size
    }
    let escaped = unsafe Fused.encode(
      elements.start, elements: count, layout: layout, exponents: cut.exponents, symbols: symbols, escapes: escapes,
      planes: planes, fields: fields)

    let listsNone = shared.streams.first == Self.stored(cut.exponents, exponentBits: layout.exponentBits)
    let listed = listsNone ? [] : cut.exponents
    let parameters: [UInt8] =
      [UInt8(layout.width), UInt8(layout.exponentBits), UInt8(layout.rankBits), UInt8(listed.count)]
      + Self.stored(listed, exponentBits: layout.exponentBits)
    chunk.beginStage(number, parameters: parameters, streams: 2 + layout.planeCount + sizes.count)
    unsafe chunk.append(UnsafeRawBufferPointer(start: symbols, count: count), .symbols)
    let escapeBytes = escaped * (layout.exponentBits <= 8 ? 1 : 2)
    if layout.exponentBits <= 8 {
      // Narrowed in place: the bytes written never overtake the words read.
      let bytes = unsafe UnsafeMutableRawPointer(escapes).assumingMemoryBound(to: UInt8.self)
      for index in 0..<escaped { unsafe bytes[index] = UInt8(truncatingIfNeeded: escapes[index]) }
    }
    unsafe chunk.append(UnsafeRawBufferPointer(start: escapes, count: escapeBytes), .symbols)
    for plane in 0..<layout.planeCount {
      unsafe chunk.append(UnsafeRawBufferPointer(start: planes + plane * count, count: count), .noise)
    }
    for (number, size) in sizes.enumerated() {
      unsafe chunk.append(UnsafeRawBufferPointer(start: fields[number], count: size), .noise)
    }
  }

  /// Exponents as parameters and shared streams hold them.
  static func stored(_ exponents: [UInt16], exponentBits: Int) -> [UInt8] {
    exponents.flatMap { exponentBits <= 8 ? [UInt8($0)] : [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
  }

  @unsafe public func decode(
    _ stage: StageReader, shared: SharedStreams, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let (layout, exponents) = try Self.parameters(of: stage, shared: shared)
    guard target.count % layout.width == 0 else {
      throw ModelError(.malformed, "\(target.count) bytes in elements of \(layout.width) bytes")
    }
    let count = target.count / layout.width
    let fieldSizes = layout.fields.map { BitFields.byteCount(elements: count, bits: $0.bits) }
    let streams = 2 + layout.planeCount + fieldSizes.count
    try stage.expectStreams(streams...streams)
    guard count > 0 else { return }

    let symbols = try unsafe stage.stream(0, byteCount: count)
    let escapes = try Self.escapes(of: stage, layout: layout, atMost: count)
    var planes: [UnsafePointer<UInt8>] = unsafe []
    var fields: [UnsafePointer<UInt8>] = unsafe []
    for number in 2..<streams {
      let isPlane = number < 2 + layout.planeCount
      let size = isPlane ? count : fieldSizes[number - 2 - layout.planeCount]
      let bytes = try unsafe stage.stream(number, byteCount: size).baseAddress!.assumingMemoryBound(to: UInt8.self)
      if isPlane { unsafe planes.append(bytes) } else { unsafe fields.append(bytes) }
    }
    let isWhole = unsafe escapes.withUnsafeBufferPointer { escaped in
      // An empty array has no address; its one element is never read.
      unsafe withUnsafePointer(to: UInt16(0)) { none in
        unsafe Fused.decode(
          symbols: symbols.baseAddress!.assumingMemoryBound(to: UInt8.self), elements: count, layout: layout,
          exponents: exponents, escapes: escaped.baseAddress ?? none, escapeCount: escaped.count, planes: planes,
          fields: fields, into: target.baseAddress!)
      }
    }
    guard isWhole else { throw ModelError(.malformed, "the escapes do not fit the symbols") }
  }

  private static func parameters(
    of stage: StageReader, shared: SharedStreams
  ) throws(ModelError) -> (FusedLayout, [UInt16]) {
    let bytes = stage.parameters
    guard bytes.count >= 4,
      FusedLayout.isLegal(width: Int(bytes[0]), exponentBits: Int(bytes[1]), rankBits: Int(bytes[2]))
    else { throw ModelError(.malformed, "'fused' has the parameters \(bytes.prefix(4))") }
    let layout = FusedLayout(width: Int(bytes[0]), exponentBits: Int(bytes[1]), rankBits: Int(bytes[2]))
    let isShared = bytes[3] == 0
    guard !isShared || !shared.streams.isEmpty else {
      throw ModelError(.malformed, "'fused' lists no exponents, and the entry has no shared stream")
    }
    let stored = isShared ? shared.streams.first ?? [] : Array(bytes[4...])
    let size = layout.exponentBits <= 8 ? 1 : 2
    guard stored.count % size == 0, isShared ? bytes.count == 4 : stored.count == size * Int(bytes[3]) else {
      throw ModelError(.malformed, "'fused' lists \(stored.count) bytes of exponents, expected \(size) for each")
    }
    guard isShared || Int(bytes[3]) <= layout.escape else {
      throw ModelError(.malformed, "'fused' lists \(bytes[3]) exponents in \(layout.rankBits) bits")
    }
    let exponents = stride(from: 0, to: stored.count, by: size).prefix(layout.escape).map {
      size == 1 ? UInt16(stored[$0]) : UInt16(stored[$0]) | UInt16(stored[$0 + 1]) << 8
    }
    guard exponents.allSatisfy({ $0 < 1 << UInt16(layout.exponentBits) }) else {
      throw ModelError(.malformed, "'fused' lists an exponent of more than \(layout.exponentBits) bits")
    }
    return (layout, exponents)
  }

  private static func escapes(
    of stage: StageReader, layout: FusedLayout, atMost limit: Int
  ) throws(ModelError) -> [UInt16] {
    let size = layout.exponentBits <= 8 ? 1 : 2
    let byteCount = stage.byteCount(ofStream: 1)
    guard byteCount % size == 0, byteCount / size <= limit else {
      throw ModelError(.malformed, "\(byteCount) bytes of escapes for \(limit) elements")
    }
    let bytes = try unsafe stage.stream(1, byteCount: byteCount)
    let escapes = (0..<(byteCount / size)).map { index in
      unsafe size == 1 ? UInt16(bytes[index]) : UInt16(bytes[2 * index]) | UInt16(bytes[2 * index + 1]) << 8
    }
    guard layout.exponentBits == 8 || escapes.allSatisfy({ $0 >> UInt16(layout.exponentBits) == 0 }) else {
      throw ModelError(.malformed, "an escaped exponent of more than \(layout.exponentBits) bits")
    }
    return escapes
  }
}
