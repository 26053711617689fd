import Glibc
import Kernels

/// Chooses, chunk by chunk, what to do with zeros and how to store the rest.
enum ChunkPlanner {
  /// Leaves the smallest form that was found in `workspace.best`.
  @unsafe static func encode(
    _ elements: Elements, at place: ChunkPlace, plan: TensorPlan, _ workspace: EncodingWorkspace
  ) -> ChunkChoice {
    let type = unsafe elements.type
    let count = unsafe elements.count
    let zeros = unsafe ZeroMask.count(
      elements.start, elements: count, width: type.width, hasSign: type.hasNegativeZero)
    var masks = unsafe masks(zeros: zeros.zeros, elements: elements, at: place, plan: plan, effort: workspace.effort)
    // Rows in another order are no neighbours any more.
    let groups = plan.groups?.groups(at: unsafe place.byteOffset / type.width, count: count)
    workspace.groups = workspace.order == nil ? groups : nil
    var best: (choice: ChunkChoice, size: Int)?
    var split: ZeroSplit?
    if !workspace.effort.isExact, plan.values[0] != "delta", masks.starts(with: ["bitmask", "gaps"]) {
      let whole = unsafe setApart(elements, zeros.negative, workspace)
      let loser = unsafe prefersGaps(whole, workspace) ? "bitmask" : "gaps"
      masks.removeAll { $0 == loser }
      unsafe split = unsafe whole
    }
    if workspace.groups != nil, let place = masks.firstIndex(of: "bitmask") {
      masks.replaceSubrange(place...place, with: workspace.effort.isExact ? ["groups", "bitmask"] : ["groups"])
    }
    for mask in masks {
      if mask != "none", unsafe split == nil { unsafe split = unsafe setApart(elements, zeros.negative, workspace) }
      for value in plan.values {
        let attempt = workspace.attempt
        attempt.reset()
        guard unsafe append(mask, value, elements, place, split, plan, attempt, workspace) else { continue }
        let stored = unsafe mask == "none" || split!.stored > 0 || value == "delta"
        if best == nil || attempt.byteCount < best!.size {
          best = (ChunkChoice(mask: mask, value: stored ? value : "raw", zeros: zeros.zeros), attempt.byteCount)
          workspace.keepAttempt()
        }
        if !stored || plan.takesFirst { break }
      }
    }
    // Bytes as they are bound the size of every chunk.
    guard let best, unsafe best.size < elements.byteCount + 8 else {
      workspace.best.reset()
      NoMask.appendRecord(to: workspace.best)
      _ = unsafe RawEncoding().encode(
        elements, shared: plan.shared, as: EncodingRegistry.number(of: "raw"), into: workspace.best, workspace)
      return ChunkChoice(mask: "none", value: "raw", zeros: zeros.zeros)
    }
    return best.choice
  }

  /// The masks worth trying for that many zeros, the likeliest first.
  @unsafe private static func masks(
    zeros: Int, elements: Elements, at place: ChunkPlace, plan: TensorPlan, effort: Effort
  ) -> [String] {
    guard zeros > 0, plan.blocks == nil else { return ["none"] }
    let density = unsafe Double(zeros) / Double(elements.count)
    // Gaps and bits cost the same near 0.88 zeros; the choice is measured where it is close.
    let mask = density > 0.93 ? ["gaps"] : density < 0.8 ? ["bitmask"] : ["bitmask", "gaps"]
    if plan.values[0] == "delta" {
      // In the base's order, zeros may be a single run, whatever their share.
      let masks = density < 0.8 ? ["bitmask"] : ["bitmask", "gaps"]
      return unsafe baseHasMany(of: zeros, elements, place) ? ["none"] + masks : masks
    }
    if effort.isExact { return density < 0.3 ? mask + ["none"] : mask }
    // Left in, a zero costs its symbol and its raw bits; left out, its share of a mask, whose bytes take a bit at least.
    let width = unsafe elements.type.width
    let rawBits = unsafe elements.type.isFloat ? Double(8 * width - 8 - min(elements.type.exponentBits, 5)) : 2
    if plan.values[0] == "grid" || plan.values[0] == "palette" {
      // Zeros have a code already: it is dearer than a mask only where they are most of all.
      return density < 0.5 ? ["none"] : density < 0.75 ? ["none"] + mask : mask
    }
    let maskBits = max(density < 1 ? -density * log2(density) - (1 - density) * log2(1 - density) : 0, 0.13)
    if density * (max(rawBits, 1) - log2(density)) < maskBits { return ["none"] }
    return plan.values.first == "bytes" && plan.searchesMatches ? mask + ["none"] : mask
  }

  /// Whether the base may have most of that many zeros, so that they are no difference.
  @unsafe private static func baseHasMany(of zeros: Int, _ elements: Elements, _ place: ChunkPlace) -> Bool {
    guard let base = unsafe place.base else { return false }
    let type = unsafe elements.type
    let found = unsafe ZeroMask.count(base, elements: elements.count, width: type.width, hasSign: type.hasNegativeZero)
    return 2 * found.zeros > zeros
  }

  /// Whether gaps take less than bits, by the entropy of a part of the chunk.
  @unsafe private static func prefersGaps(_ split: ZeroSplit, _ workspace: EncodingWorkspace) -> Bool {
    let sample = unsafe split.sample
    let room = unsafe workspace.gaps.bytes(Gaps.bound(elements: sample.elements, stored: sample.stored))
    let gaps = unsafe Gaps.encode(sample.bitmap, elements: sample.elements, into: room)
    let inGaps = unsafe Entropy.huffmanBits(of: UnsafeRawBufferPointer(start: room, count: gaps))
    return unsafe inGaps < Entropy.huffmanBits(of: sample.bitmapBytes)
  }

  @unsafe private static func setApart(
    _ elements: Elements, _ negative: Int, _ workspace: EncodingWorkspace
  ) -> ZeroSplit {
    let (count, width) = unsafe (elements.count, elements.type.width)
    let bitmap = unsafe workspace.bitmap.bytes((count + 7) / 8 + 8)
    let packed = unsafe workspace.packed.raw((count + 1) * width)
    let stored = unsafe ZeroMask.split(
      elements.start, elements: count, width: width, hasSign: elements.type.hasNegativeZero, bitmap: bitmap,
      packed: packed)
    var signs = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    if negative > 0 {
      let bits = unsafe workspace.signs.bytes((count + 7) / 8 + 1)
      let byteCount = unsafe ZeroMask.splitSigns(
        elements.start, elements: count, width: width, bitmap: bitmap, into: bits)
      unsafe signs = unsafe UnsafeRawBufferPointer(start: bits, count: byteCount)
    }
    return unsafe ZeroSplit(elements: count, stored: stored, width: width, bitmap: bitmap, signs: signs)
  }

  /// Appends both stages; false where the value encoding can't store these elements.
  @unsafe private static func append(
    _ mask: String, _ value: String, _ elements: Elements, _ place: ChunkPlace, _ split: ZeroSplit?, _ plan: TensorPlan,
    _ chunk: ChunkWriter, _ workspace: EncodingWorkspace
  ) -> Bool {
    var rest = unsafe elements
    if mask == "none" {
      NoMask.appendRecord(to: chunk)
    } else if let split = unsafe split, let encoding = EncodingRegistry.named(mask) as? any MaskEncoding {
      // A difference knows the signs of zeros better.
      let masked = unsafe value == "delta" ? split.withoutSigns : split
      unsafe encoding.encode(masked, as: EncodingRegistry.number(of: mask), into: chunk, workspace)
      unsafe rest = unsafe Elements(
        start: workspace.packed.raw(0), count: split.stored, type: elements.type)
    }
    if unsafe rest.count == 0, value != "delta" {
      chunk.beginStage(EncodingRegistry.number(of: "raw"), parameters: [], streams: 1)
      unsafe chunk.appendStored(UnsafeRawBufferPointer(start: nil, count: 0))
      return true
    }
    if let encoding = EncodingRegistry.named(value) as? any PositionalEncoding {
      guard encoding.accepts(plan.element) else { return false }
      return unsafe encoding.encode(
        elements, at: place, split: mask == "none" ? nil : split, plan: plan, as: EncodingRegistry.number(of: value),
        into: chunk, workspace)
    }
    guard let encoding = EncodingRegistry.named(value) as? any ValueEncoding, encoding.accepts(plan.element) else {
      return false
    }
    return unsafe encoding.encode(
      rest, shared: plan.shared, as: EncodingRegistry.number(of: value), into: chunk, workspace)
  }
}

extension NoMask {
  /// The record of a chunk without a mask.
  static func appendRecord(to chunk: ChunkWriter) {
    chunk.beginStage(EncodingRegistry.number(of: "none"), parameters: [], streams: 0)
  }
}
