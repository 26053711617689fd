import Kernels
public import TensorModel

/// Nothing is left out (`formats/encodings/none.md`).
public struct NoMask: MaskEncoding {
  public let id = "none"
  public let summary = "every element is stored"

  @unsafe public func encode(
    _ split: ZeroSplit, as number: Int, into chunk: ChunkWriter, _ workspace: EncodingWorkspace
  ) {
    chunk.beginStage(number, parameters: [], streams: 0)
  }

  public func decode(
    _ stage: StageReader, elements: Int, _ workspace: DecodingWorkspace
  ) throws(ModelError) -> Int {
    try stage.expectStreams(0...0)
    guard stage.parameters.isEmpty else { throw ModelError(.malformed, "'none' has parameters") }
    return elements
  }
}

/// One bit per element (`formats/encodings/bitmask.md`).
public struct Bitmask: MaskEncoding {
  public let id = "bitmask"
  public let summary = "one bit per element, zeros left out, their signs kept"

  @unsafe public func encode(
    _ split: ZeroSplit, as number: Int, into chunk: ChunkWriter, _ workspace: EncodingWorkspace
  ) {
    let hasSigns = unsafe !split.signs.isEmpty
    unsafe chunk.beginStage(number, parameters: [UInt8(split.width)], streams: hasSigns ? 2 : 1)
    unsafe chunk.append(split.bitmapBytes, .mask)
    if hasSigns { unsafe chunk.append(split.signs, .noise) }
  }

  public func decode(
    _ stage: StageReader, elements: Int, _ workspace: DecodingWorkspace
  ) throws(ModelError) -> Int {
    try stage.expectStreams(1...2)
    let count = (elements + 7) / 8
    let mask = try unsafe stage.stream(0, byteCount: count)
    let bitmap = unsafe workspace.bitmap.raw(count + 8)
    unsafe bitmap.copyMemory(from: mask.baseAddress!, byteCount: count)
    guard let ones = unsafe ZeroMask.ones(bitmap.assumingMemoryBound(to: UInt8.self), elements: elements) else {
      throw ModelError(.malformed, "a bitmask has bits past its last element")
    }
    return ones
  }
}

/// The number of zeros before each stored element (`formats/encodings/gaps.md`).
public struct GapsMask: MaskEncoding {
  public let id = "gaps"
  public let summary = "the distance to the next non-zero, for very sparse tensors"

  @unsafe public func encode(
    _ split: ZeroSplit, as number: Int, into chunk: ChunkWriter, _ workspace: EncodingWorkspace
  ) {
    let hasSigns = unsafe !split.signs.isEmpty
    unsafe chunk.beginStage(number, parameters: [UInt8(split.width)], streams: hasSigns ? 2 : 1)
    let gaps = unsafe workspace.gaps.bytes(Gaps.bound(elements: split.elements, stored: split.stored))
    let count = unsafe Gaps.encode(split.bitmap, elements: split.elements, into: gaps)
    unsafe chunk.append(UnsafeRawBufferPointer(start: gaps, count: count), .general)
    if hasSigns { unsafe chunk.append(split.signs, .noise) }
  }

  public func decode(
    _ stage: StageReader, elements: Int, _ workspace: DecodingWorkspace
  ) throws(ModelError) -> Int {
    try stage.expectStreams(1...2)
    let count = stage.byteCount(ofStream: 0)
    guard count <= Gaps.bound(elements: elements, stored: elements) else {
      throw ModelError(.malformed, "\(count) gaps for \(elements) elements")
    }
    let gaps = try unsafe stage.stream(0, byteCount: count)
    let bitmap = unsafe workspace.bitmap.bytes((elements + 7) / 8 + 8)
    unsafe bitmap.update(repeating: 0, count: (elements + 7) / 8)
    guard count > 0 else { return 0 }
    let stored = unsafe Gaps.decode(
      gaps.baseAddress!.assumingMemoryBound(to: UInt8.self), count: count, elements: elements, into: bitmap)
    guard let stored else { throw ModelError(.malformed, "a gap leads past the last of \(elements) elements") }
    return stored
  }
}
