import Glibc
import Kernels
public import TensorModel

/// Bytes as they are (`formats/encodings/raw.md`).
public struct RawEncoding: ValueEncoding {
  public let id = "raw"
  public let summary = "bytes as they are"

  public func accepts(_ type: ElementType) -> Bool { true }

  @unsafe public func encode(
    _ elements: Elements, shared: SharedStreams, as number: Int, into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) -> Bool {
    chunk.beginStage(number, parameters: [], streams: 1)
    unsafe chunk.appendStored(elements.bytes)
    return true
  }

  @unsafe public func decode(
    _ stage: StageReader, shared: SharedStreams, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    try stage.expectStreams(1...1)
    guard stage.parameters.isEmpty else { throw ModelError(.malformed, "'raw' has parameters") }
    guard !stage.isCompressed(stream: 0) else { throw ModelError(.malformed, "the stream of 'raw' is compressed") }
    unsafe target.copyMemory(from: try stage.stream(0, byteCount: target.count))
  }
}

/// One element, repeated (`formats/encodings/constant.md`).
public struct ConstantEncoding: ValueEncoding {
  public let id = "constant"
  public let summary = "one element, repeated"

  public func accepts(_ type: ElementType) -> Bool { true }

  @unsafe public func encode(
    _ elements: Elements, shared: SharedStreams, as number: Int, into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) -> Bool {
    let bytes = unsafe elements.bytes
    let width = unsafe elements.type.width
    // A range is constant exactly where it equals itself moved by one element.
    let isConstant =
      unsafe bytes.count == width
      || memcmp(bytes.baseAddress!, bytes.baseAddress! + width, bytes.count - width) == 0
    guard isConstant else { return false }
    unsafe chunk.beginStage(number, parameters: [UInt8](bytes[..<width]), streams: 0)
    return true
  }

  @unsafe public func decode(
    _ stage: StageReader, shared: SharedStreams, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    try stage.expectStreams(0...0)
    let element = stage.parameters
    guard (1...8).contains(element.count), target.count % element.count == 0 else {
      throw ModelError(.malformed, "an element of \(element.count) bytes does not fill \(target.count) bytes")
    }
    guard let base = target.baseAddress, target.count > 0 else { return }
    // The filled part doubles until all is filled.
    for (index, byte) in element.enumerated() { unsafe target[index] = byte }
    var filled = element.count
    while filled < target.count {
      let count = min(filled, target.count - filled)
      unsafe (base + filled).copyMemory(from: base, byteCount: count)
      filled += count
    }
  }

  /// The element that fills all of a chunk of that many bytes, if that is how it is stored; nil too where the chunk is
  /// not what it should be, which decoding it will say.
  static func element(of chunk: StoredChunk, names: [String], denseBytes: Int) -> [UInt8]? {
    guard names.indices.contains(chunk.mask.encoding), names[chunk.mask.encoding] == "none",
      names.indices.contains(chunk.value.encoding), names[chunk.value.encoding] == "constant"
    else { return nil }
    // What breaks the rules is left to `decode`, which says how.
    guard chunk.mask.parameters.isEmpty, chunk.mask.streams.isEmpty, chunk.value.streams.isEmpty,
      (1...8).contains(chunk.value.parameters.count)
    else { return nil }
    return chunk.value.parameters
  }
}

/// Integers and unknown data, whole or by byte plane (`formats/encodings/bytes.md`).
public struct BytesEncoding: ValueEncoding {
  public let id = "bytes"
  public let summary = "integers and unknown data, whole or by byte plane"

  public func accepts(_ type: ElementType) -> Bool { true }

  @unsafe public func encode(
    _ elements: Elements, shared: SharedStreams, as number: Int, into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) -> Bool {
    let width = unsafe elements.type.width
    let start = chunk.mark
    let before = chunk.byteCount
    chunk.beginStage(number, parameters: [1], streams: 1)
    unsafe chunk.append(elements.bytes, .general)
    // For floats the planes are the business of `planes` and `fused`; here only whole words can still win.
    guard width > 1, unsafe !elements.type.isFloat else { return true }
    let whole = chunk.byteCount - before
    let planes = unsafe workspace.planes.bytes(elements.byteCount)
    let count = unsafe elements.count
    unsafe BytePlanes.split(
      elements.start.assumingMemoryBound(to: UInt8.self), elements: count, stride: width, into: planes)
    chunk.rollBack(to: start)
    unsafe appendPlanes(planes, count: count, width: width, as: number, into: chunk)
    if chunk.byteCount - before > whole {
      chunk.rollBack(to: start)
      chunk.beginStage(number, parameters: [1], streams: 1)
      unsafe chunk.append(elements.bytes, .general)
    }
    return true
  }

  @unsafe private func appendPlanes(
    _ planes: UnsafeMutablePointer<UInt8>, count: Int, width: Int, as number: Int, into chunk: ChunkWriter
  ) {
    chunk.beginStage(number, parameters: [UInt8(width)], streams: width)
    for plane in 0..<width {
      unsafe chunk.append(UnsafeRawBufferPointer(start: planes + plane * count, count: count), .general)
    }
  }

  @unsafe public func decode(
    _ stage: StageReader, shared: SharedStreams, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let stride = try stage.width()
    guard target.count % stride == 0 else {
      throw ModelError(.malformed, "\(target.count) bytes in \(stride) planes of equal length")
    }
    try stage.expectStreams(stride...stride)
    let count = target.count / stride
    guard count > 0 else { return }
    for number in 0..<stride {
      let plane = try unsafe stage.stream(number, byteCount: count)
      unsafe BytePlanes.join(
        plane.baseAddress!.assumingMemoryBound(to: UInt8.self), number: number, elements: count, stride: stride,
        into: target.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
  }
}

/// Floats by byte plane, rotated so that the exponent is in one (`formats/encodings/planes.md`).
public struct PlanesEncoding: ValueEncoding {
  public let id = "planes"
  public let summary = "floats by byte plane, the exponent in a plane of its own"

  public func accepts(_ type: ElementType) -> Bool { type.isFloat }

  @unsafe public func encode(
    _ elements: Elements, shared: SharedStreams, as number: Int, into chunk: ChunkWriter,
    _ workspace: EncodingWorkspace
  ) -> Bool {
    let width = unsafe elements.type.width
    let count = unsafe elements.count
    let planes = unsafe workspace.planes.bytes(elements.byteCount)
    unsafe BytePlanes.splitRotated(elements.start, elements: count, width: width, into: planes)
    chunk.beginStage(number, parameters: [UInt8(width)], streams: width)
    for plane in 0..<width {
      unsafe chunk.append(
        UnsafeRawBufferPointer(start: planes + plane * count, count: count), plane == 0 ? .symbols : .noise)
    }
    return true
  }

  @unsafe public func decode(
    _ stage: StageReader, shared: SharedStreams, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let width = try stage.width()
    guard [1, 2, 4, 8].contains(width), target.count % width == 0 else {
      throw ModelError(.malformed, "\(target.count) bytes in elements of \(width) bytes")
    }
    try stage.expectStreams(width...width)
    let count = target.count / width
    guard count > 0 else { return }
    var planes: [UnsafePointer<UInt8>] = unsafe []
    for number in 0..<width {
      let plane = try unsafe stage.stream(number, byteCount: count).baseAddress!
      unsafe planes.append(plane.assumingMemoryBound(to: UInt8.self))
    }
    unsafe planes.withUnsafeBufferPointer {
      unsafe BytePlanes.joinRotated($0.baseAddress!, elements: count, width: width, into: target.baseAddress!)
    }
  }
}
