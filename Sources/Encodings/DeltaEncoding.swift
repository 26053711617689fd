import Kernels
import TensorModel

/// Elements as differences from those of a base (`formats/encodings/delta.md`).
public struct DeltaEncoding: PositionalEncoding {
  public let id = "delta"
  public let summary = "the difference from another model"

  /// How the kept elements are stored.
  enum Form: UInt8 {
    /// They are the base's.
    case equal = 0
    /// Each has its difference.
    case differences = 1
    /// Bits say which are not the base's, and those have their difference.
    case someDifferences = 2
  }

  /// What the elements are that the mask leaves out.
  enum Zeros: UInt8 {
    case positive = 0
    /// Zeros with the base's signs.
    case signed = 1
    /// Zeros with the base's signs, but for those that a stream of bits turns.
    case flipped = 2
  }

  /// Where fewer of the kept elements are the base's, no bits say which.
  private static let fewestEqual = 0.1
  /// Where more are, bits say which.
  private static let mostEqual = 0.6

  public func accepts(_ type: ElementType) -> Bool { true }

  @unsafe public func encode(
    _ elements: Elements, at place: ChunkPlace, split: ZeroSplit?, plan: TensorPlan, as number: Int,
    into chunk: ChunkWriter, _ workspace: EncodingWorkspace
  ) -> Bool {
    guard let base = unsafe place.base else { return false }
    let (count, type) = unsafe (elements.count, elements.type)
    let differences = unsafe workspace.codes.raw((count + 1) * type.width)
    let kept = unsafe WordDifferences.encode(
      elements.start, from: base, count: count, width: type.width, order: Self.order(of: type), bitmap: split?.bitmap,
      into: differences)
    let (zeros, flips) = unsafe signs(elements, base, split, workspace)
    let bits = unsafe workspace.symbols.bytes((kept + 7) / 8 + 8)
    let changed = unsafe workspace.escapes.raw((kept + 1) * type.width)
    let unequal = unsafe ZeroMask.split(
      differences, elements: kept, width: type.width, hasSign: false, bitmap: bits, packed: changed)

    let start = chunk.mark
    let before = chunk.byteCount
    func append(_ form: Form) {
      chunk.rollBack(to: start)
      let streams = (form == .equal ? 0 : type.width) + (form == .someDifferences ? 1 : 0) + (zeros == .flipped ? 1 : 0)
      chunk.beginStage(
        number,
        parameters: [UInt8(type.width), Self.order(of: type).rawValue, form.rawValue, zeros.rawValue], streams: streams)
      if form == .someDifferences {
        unsafe chunk.append(UnsafeRawBufferPointer(start: bits, count: (kept + 7) / 8), .general)
      }
      let words = unsafe form == .differences ? differences : changed
      if form != .equal {
        unsafe appendPlanes(words, form == .differences ? kept : unequal, type.width, to: chunk, workspace)
      }
      if zeros == .flipped { unsafe chunk.append(flips, .general) }
    }
    guard unequal > 0 else {
      append(.equal)
      return true
    }
    let equal = 1 - Double(unequal) / Double(kept)
    if equal > Self.mostEqual {
      append(.someDifferences)
    } else {
      append(.differences)
      guard equal > Self.fewestEqual else { return true }
      let size = chunk.byteCount - before
      append(.someDifferences)
      if chunk.byteCount - before > size { append(.differences) }
    }
    return true
  }

  /// The stage of elements that are the base's.
  static func appendEqual(_ type: ElementType, to chunk: ChunkWriter) {
    chunk.beginStage(
      EncodingRegistry.number(of: "delta"),
      parameters: [UInt8(type.width), order(of: type).rawValue, Form.equal.rawValue, Zeros.positive.rawValue],
      streams: 0)
  }

  /// Whether a stage of those parameters says that the elements are the base's.
  static func isEqual(_ parameters: [UInt8]) -> Bool { parameters.count == 4 && parameters[2] == Form.equal.rawValue }

  static func order(of type: ElementType) -> WordDifferences.Order { type.isFloat ? .signed : .plain }

  @unsafe private func appendPlanes(
    _ words: UnsafeMutableRawPointer, _ count: Int, _ width: Int, to chunk: ChunkWriter, _ workspace: EncodingWorkspace
  ) {
    let planes = unsafe workspace.planes.bytes(count * width)
    unsafe BytePlanes.split(
      words.assumingMemoryBound(to: UInt8.self), elements: count, stride: width, into: planes)
    for plane in 0..<width {
      unsafe chunk.append(UnsafeRawBufferPointer(start: planes + plane * count, count: count), .symbols)
    }
  }

  /// What is known of the signs of the elements that the mask leaves out, and the bits that turn them.
  @unsafe private func signs(
    _ elements: Elements, _ base: UnsafeRawPointer, _ split: ZeroSplit?, _ workspace: EncodingWorkspace
  ) -> (Zeros, flips: UnsafeRawBufferPointer) {
    let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    guard let split = unsafe split, unsafe !split.signs.isEmpty else { return unsafe (.positive, none) }
    let byteCount = unsafe (split.elements - split.stored + 7) / 8
    let bits = unsafe workspace.gaps.bytes(byteCount + 1)
    let differ = unsafe BaseSigns.differ(
      elements.start, from: base, count: split.elements, width: split.width, bitmap: split.bitmap, into: bits)
    guard differ else { return unsafe (.signed, none) }
    return unsafe (.flipped, UnsafeRawBufferPointer(start: bits, count: byteCount))
  }
}
