import Kernels
public import TensorModel

extension GridEncoding {
  @unsafe public func decode(
    _ stage: StageReader, at place: ChunkPlace, kept: KeptElements?, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let parameters = try GridParameters(stage.parameters)
    let layout = parameters.layout
    let width = layout.kind.width
    let byteOffset = unsafe place.byteOffset
    guard byteOffset % width == 0, target.count % width == 0 else {
      throw ModelError(.malformed, "\(target.count) bytes at byte \(byteOffset) in elements of \(width) bytes")
    }
    if let kept, kept.width != width || parameters.levels > 255 {
      throw ModelError(
        .malformed,
        "a masked grid of \(parameters.levels) levels and \(width) bytes an element in a mask of \(kept.width)")
    }
    try stage.expectStreams(parameters.streamCount...parameters.streamCount)
    let count = target.count / width
    guard count > 0 else { return }
    let levels = try Self.levels(of: stage, parameters)
    let range = (byteOffset / width)..<(byteOffset / width + count)
    let groups = layout.groups(of: range)
    let scales = try Self.numbers(of: stage, from: 1, count: groups.count)
    let offsets = layout.hasOffsets ? try Self.numbers(of: stage, from: 10, count: groups.count) : []
    let corrections = try Self.corrections(of: stage, parameters, groups: groups.count)
    let codes = try unsafe Self.codes(
      of: stage, levels: parameters.levels, count: count, stored: kept?.count, workspace)

    unsafe GridExpansion(
      layout: layout, levels: levels, isMasked: kept != nil, scales: scales, offsets: offsets,
      corrections: corrections
    ).expand(codes, range: range, groups: groups, into: target.baseAddress!, workspace)
    if layout.hasOffsets {
      _ = try unsafe stage.stream(6, byteCount: 0)
    } else {
      try unsafe Self.setSigns(stage, levels, codes, kept != nil, count, width, target, workspace)
    }
    try unsafe Self.setExceptions(stage, stored: kept?.count, count: count, width: width, target, workspace)
  }

  private static func levels(of stage: StageReader, _ parameters: GridParameters) throws(ModelError) -> [Float] {
    guard parameters.isListed else {
      _ = try unsafe stage.stream(0, byteCount: 0)
      return (0..<parameters.levels).map { Float($0 - parameters.low) }
    }
    let count = parameters.levels
    let planes = try unsafe stage.stream(0, byteCount: 4 * count)
    let levels = unsafe BytePlanes.joined(planes, of: UInt32.self, count: count, bytes: 4).map {
      Float(bitPattern: $0)
    }
    guard levels.allSatisfy(\.isFinite), zip(levels, levels.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw ModelError(.malformed, "the levels of a grid are not finite and ascending")
    }
    return levels
  }

  /// An f32 per group, from four streams.
  private static func numbers(
    of stage: StageReader, from first: Int, count: Int
  ) throws(ModelError) -> [Float] {
    var planes: [UnsafePointer<UInt8>] = unsafe []
    for number in first..<(first + 4) {
      let plane = try unsafe stage.stream(number, byteCount: count)
      unsafe planes.append(plane.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
    return unsafe [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      unsafe planes.withUnsafeBufferPointer {
        unsafe BytePlanes.joinRotated($0.baseAddress!, elements: count, width: 4, into: buffer.baseAddress!)
      }
      initialized = count
    }
  }

  private static func corrections(
    of stage: StageReader, _ parameters: GridParameters, groups: Int
  ) throws(ModelError) -> [Int8] {
    guard parameters.layout.corrects else {
      _ = try unsafe stage.stream(7, byteCount: 0)
      return []
    }
    let (count, overflow) = groups.multipliedReportingOverflow(by: parameters.levels)
    guard !overflow else { throw ModelError(.malformed, "corrections of \(groups) groups") }
    return try unsafe stage.stream(7, byteCount: count).map { Int8(bitPattern: $0) }
  }

  /// A code for every element; with a mask, one more than the code, and 0 for those left out.
  @unsafe private static func codes(
    of stage: StageReader, levels: Int, count: Int, stored: Int?, _ workspace: DecodingWorkspace
  ) throws(ModelError) -> UnsafeMutablePointer<UInt8> {
    let radix = RadixCodes(levels: levels)
    let held = stored ?? count
    let packed = try unsafe stage.stream(5, byteCount: radix.byteCount(held))
    let codes = unsafe workspace.codes.bytes(held + 8)
    // Without bytes there is no address, and nothing is read.
    let source = unsafe packed.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(codes)
    guard unsafe radix.unpack(source, count: held, into: codes) else {
      throw ModelError(.malformed, "a code beyond the \(levels) levels of a grid")
    }
    guard stored != nil else { return unsafe codes }
    var index = 0
    while index < held {
      unsafe codes[index] &+= 1
      index &+= 1
    }
    let dense = unsafe workspace.denseCodes.bytes(count + 8)
    unsafe ZeroMask.join(bitmap: workspace.bitmap.bytes(0), packed: codes, elements: count, width: 1, into: dense)
    return unsafe dense
  }

  @unsafe private static func setSigns(
    _ stage: StageReader, _ levels: [Float], _ codes: UnsafePointer<UInt8>, _ isMasked: Bool, _ count: Int,
    _ width: Int, _ target: UnsafeMutableRawBufferPointer, _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    guard stage.byteCount(ofStream: 6) > 0 else { return }
    guard let zero = levels.firstIndex(of: 0) else {
      throw ModelError(.malformed, "signs of zeros on a grid without a zero")
    }
    let bitmap = unsafe workspace.zeroBits.bytes((count + 7) / 8 + 8)
    unsafe ByteFlags.differing(from: UInt8(zero + (isMasked ? 1 : 0)), codes, count: count, into: bitmap)
    guard let others = unsafe ZeroMask.ones(bitmap, elements: count) else { return }
    let signs = try unsafe stage.stream(6, byteCount: (count - others + 7) / 8)
    unsafe ZeroMask.joinSigns(signs, bitmap: bitmap, elements: count, width: width, into: target.baseAddress!)
  }

  @unsafe private static func setExceptions(
    _ stage: StageReader, stored: Int?, count: Int, width: Int, _ target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let exceptions = stage.byteCount(ofStream: 9) / width
    guard exceptions <= stored ?? count else {
      throw ModelError(.malformed, "\(exceptions) exceptions among \(stored ?? count) elements")
    }
    let words = try unsafe stage.stream(9, byteCount: exceptions * width)
    let gaps = try unsafe stage.stream(8, byteCount: stage.byteCount(ofStream: 8))
    var cursor = unsafe ByteCursor(RawSpan(_unsafeBytes: gaps))
    var place = unsafe StoredPlace(stored == nil ? nil : UnsafePointer(workspace.bitmap.bytes(0)), count: count)
    for number in 0..<exceptions {
      guard let element = place.skip(try cursor.varint("the place of an exception")) else {
        throw ModelError(.malformed, "an exception past the last element of its chunk")
      }
      for plane in 0..<width { unsafe target[element * width + plane] = words[plane * exceptions + number] }
    }
    guard cursor.remaining == 0 else { throw ModelError(.malformed, "more places than exceptions") }
  }
}

/// Finds the positions of stored elements in turn.
@safe private struct StoredPlace {
  private let bitmap: UnsafePointer<UInt8>?
  private let count: Int
  private var next = 0

  /// - Parameter bitmap: one bit per element; nil where all are stored.
  init(_ bitmap: UnsafePointer<UInt8>?, count: Int) {
    unsafe self.bitmap = unsafe bitmap
    self.count = count
  }

  /// The position of the stored element after the next `gap` ones; nil where there is none.
  mutating func skip(_ gap: Int) -> Int? {
    guard gap < count - next else { return nil }
    guard let bitmap = unsafe bitmap else {
      next += gap + 1
      return next - 1
    }
    var left = gap
    while next < count {
      if unsafe bitmap[next / 8] >> UInt8(next % 8) & 1 == 1 {
        if left == 0 {
          next += 1
          return next - 1
        }
        left -= 1
      }
      next += 1
    }
    return nil
  }
}
