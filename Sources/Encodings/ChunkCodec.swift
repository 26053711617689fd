import Codecs
import Glibc
import Kernels
import TensorModel

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

  /// Room for the counters of a sort.
  @unsafe static func counters(_ buffer: ScratchBuffer, _ width: Int) -> UnsafeMutablePointer<UInt32> {
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
}
