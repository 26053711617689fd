import Kernels
public import TensorModel

extension DeltaEncoding {
  /// What the parameters of a stage say.
  private struct Parameters {
    let width: Int
    let order: WordDifferences.Order
    let form: Form
    let zeros: Zeros

    init(_ bytes: [UInt8]) throws(ModelError) {
      guard bytes.count == 4, [1, 2, 4, 8].contains(bytes[0]), let order = WordDifferences.Order(rawValue: bytes[1]),
        let form = Form(rawValue: bytes[2]), let zeros = Zeros(rawValue: bytes[3])
      else { throw ModelError(.malformed, "'delta' has the parameters \(bytes)") }
      width = Int(bytes[0])
      self.order = order
      self.form = form
      self.zeros = zeros
    }

    /// The stream of bits behind the planes.
    var flips: Int { planes + (form == .equal ? 0 : width) }
    /// The first of the planes of differences.
    var planes: Int { form == .someDifferences ? 1 : 0 }
    var streamCount: Int { flips + (zeros == .flipped ? 1 : 0) }
  }

  @unsafe public func decode(
    _ stage: StageReader, at place: ChunkPlace, kept: KeptElements?, into target: UnsafeMutableRawBufferPointer,
    _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let parameters = try Parameters(stage.parameters)
    let width = parameters.width
    guard let base = unsafe place.base else {
      throw ModelError(.malformed, "a chunk is a difference, in an entry that names no base tensor")
    }
    guard target.count % width == 0, kept.map({ $0.width == width }) ?? (parameters.zeros == .positive) else {
      throw ModelError(
        .malformed,
        "differences of \(width) bytes in a chunk of \(target.count), under a mask of \(kept?.width ?? 0)")
    }
    try stage.expectStreams(parameters.streamCount...parameters.streamCount)
    let count = target.count / width
    let start = target.baseAddress!
    if parameters.form == .equal {
      unsafe start.copyMemory(from: base, byteCount: target.count)
    } else {
      try unsafe differences(stage, parameters, kept: kept, count: count, into: start, workspace)
      unsafe WordDifferences.decode(start, from: base, count: count, width: width, order: parameters.order)
    }
    guard let kept else { return }
    let bitmap = unsafe UnsafePointer(workspace.bitmap.bytes(0))
    let hasSigns = parameters.zeros != .positive
    unsafe BaseSigns.clear(start, signsOf: hasSigns ? base : nil, count: count, width: width, bitmap: bitmap)
    guard parameters.zeros == .flipped else { return }
    let bits = try unsafe stage.stream(parameters.flips, byteCount: (count - kept.count + 7) / 8)
    guard let bits = unsafe bits.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    unsafe BaseSigns.flip(start, by: bits, count: count, width: width, bitmap: bitmap)
  }

  /// Fills `target` with the difference of each element, 0 for those that have none.
  @unsafe private func differences(
    _ stage: StageReader, _ parameters: Parameters, kept: KeptElements?, count: Int,
    into target: UnsafeMutableRawPointer, _ workspace: DecodingWorkspace
  ) throws(ModelError) {
    let width = parameters.width
    let keptCount = kept?.count ?? count
    let words = unsafe kept == nil ? target : workspace.packed.raw((keptCount + 1) * width)
    if parameters.form == .differences {
      try unsafe join(stage, parameters, keptCount, into: words)
    } else {
      let stored = try unsafe stage.stream(0, byteCount: (keptCount + 7) / 8)
      let bits = unsafe workspace.zeroBits.bytes(stored.count + 8)
      if let source = stored.baseAddress {
        unsafe UnsafeMutableRawPointer(bits).copyMemory(from: source, byteCount: stored.count)
      }
      guard let changed = unsafe ZeroMask.ones(bits, elements: keptCount) else {
        throw ModelError(.malformed, "bits of changed elements past the last element")
      }
      let packed = unsafe workspace.codes.raw((changed + 1) * width)
      try unsafe join(stage, parameters, changed, into: packed)
      unsafe ZeroMask.join(bitmap: bits, packed: packed, elements: keptCount, width: width, into: words)
    }
    guard kept != nil else { return }
    unsafe ZeroMask.join(
      bitmap: workspace.bitmap.bytes(0), packed: words, elements: count, width: width, into: target)
  }

  /// Words from their byte planes.
  @unsafe private func join(
    _ stage: StageReader, _ parameters: Parameters, _ count: Int, into words: UnsafeMutableRawPointer
  ) throws(ModelError) {
    for plane in 0..<parameters.width {
      let bytes = try unsafe stage.stream(parameters.planes + plane, byteCount: count)
      guard let source = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { continue }
      unsafe BytePlanes.join(
        source, number: plane, elements: count, stride: parameters.width,
        into: words.assumingMemoryBound(to: UInt8.self))
    }
  }
}
