import Encodings
import Kernels
import TensorModel

extension TensorPlanner {
  /// Distinct elements of a sample that suggest a palette.
  private static let fewElements = 1024
  /// A special encoding that is that much smaller than the general one is taken without trying both on every chunk.
  private static let clearlySmaller = 0.9
  /// A grid that is at most that much larger than a palette names what was found.
  private static let nearlyAsSmall = 1.1
  /// More distinct elements say nothing of what was done to the weights.
  private static let mostLevels = 256
  /// One that is not that much smaller is left.
  private static let smaller = 0.98
  /// Bytes of a tensor on which candidates are tried.
  private static let trialBytes = 256 << 10

  /// A plan with `palette` or `grid`, where a look at some elements suggests it and a chunk shows that it pays.
  func special(
    _ info: TensorInfo, _ window: Range<Int>, _ general: Decision, _ workspace: EncodingWorkspace, _ bytes: Lend
  ) throws(ModelError) -> Decision? {
    let element = general.plan.element
    let isLarge = window.count / element.width >= GridSearch.fewestElements
    guard isLarge, element.width > 1 else { return nil }
    let hasPalette = try suggestsPalette(window, element, bytes)
    var candidates: [(name: String, decision: Decision)] = []
    for grid in try grids(info, window, element, bytes) {
      var decision = general
      decision.plan.grid = grid
      decision.plan.values = ["grid"]
      decision.plan.searchesMatches = false
      if grid.layout.groupColumns == 1 {
        // A scale for each column of a chunk: more rows share them.
        decision.chunkBytes = min(max(ChunkGrid.defaultChunkBytes, 256 * info.rowBytes), ChunkGrid.maximumChunkBytes)
      }
      candidates.append(("grid", decision))
    }
    if hasPalette {
      var decision = general
      decision.plan.values = ["palette"]
      decision.plan.searchesMatches = false
      candidates.append(("palette", decision))
    }
    guard !candidates.isEmpty else { return nil }
    return try smallest(of: candidates, info, window, general, workspace, bytes)
  }

  private func grids(
    _ info: TensorInfo, _ window: Range<Int>, _ element: ElementType, _ bytes: Lend
  ) throws(ModelError) -> [GridPlan] {
    guard let kind = GridKind(element) else { return [] }
    let width = kind.width
    return try withoutActuallyEscaping(bytes) { (bytes) throws(ModelError) in
      let search = GridSearch(
        kind: kind, shape: info.shape, window: (window.lowerBound / width)..<(window.upperBound / width)
      ) { (start, count, stride) throws(ModelError) in
        try Self.numbers(kind, start, count, stride, bytes)
      }
      return try search.find()
    }
  }

  /// `count` elements from `start` on, each `stride` after the last.
  private static func numbers(
    _ kind: GridKind, _ start: Int, _ count: Int, _ stride: Int, _ bytes: Lend
  ) throws(ModelError) -> [Float] {
    var numbers: [Float] = []
    numbers.reserveCapacity(count)
    let width = kind.width
    // Far apart, one by one: what lies between need not be there in one piece.
    let together = stride * width <= 65536 ? count : 1
    var first = 0
    while first < count {
      let part = min(together, count - first)
      let from = (start + first * stride) * width
      try bytes(from..<(from + ((part - 1) * stride + 1) * width)) { (span) throws(ModelError) in
        unsafe span.withUnsafeBytes { raw in
          for index in 0..<part { unsafe numbers.append(kind.value(kind.load(raw.baseAddress!, index * stride))) }
        }
      }
      first += part
    }
    return numbers
  }

  /// Whether pieces of the tensor have few distinct elements.
  private func suggestsPalette(_ window: Range<Int>, _ element: ElementType, _ bytes: Lend) throws(ModelError) -> Bool {
    let width = element.width
    let piece = min(2048, window.count / width / 4)
    // Words of two bytes are few by themselves.
    let few = width == 2 ? 256 : Self.fewElements
    let zeros: Set<UInt64> = element.hasNegativeZero ? [0, 1 << UInt64(8 * width - 1)] : [0]
    var distinct: Set<UInt64> = []
    var seen = 0
    for place in 0..<4 {
      let start = window.lowerBound + (window.count - piece * width) / 3 * place / width * width
      try bytes(start..<(start + piece * width)) { (span) throws(ModelError) in
        for index in 0..<piece where distinct.count <= few {
          // Among that many of a palette, some are the same.
          if seen == 256, distinct.count > 240 { return }
          let word = Self.word(index, in: span, width)
          if zeros.contains(word) { continue }
          seen += 1
          distinct.insert(word)
        }
      }
      if distinct.count > few || seen >= 64 && distinct.count > seen / 4 + 32 { return false }
    }
    return distinct.count <= seen / 4
  }

  /// Encodes a piece from the middle with each candidate, and compares with what serves any tensor.
  private func smallest(
    of candidates: [(name: String, decision: Decision)], _ info: TensorInfo, _ window: Range<Int>, _ general: Decision,
    _ workspace: EncodingWorkspace, _ bytes: Lend
  ) throws(ModelError) -> Decision? {
    // Scales of columns are shared by the rows of a whole chunk; others by less.
    let hasColumns = candidates.contains { $0.decision.plan.grid?.layout.groupColumns == 1 }
    let target = hasColumns ? candidates.map(\.decision.chunkBytes).max()! : Self.trialBytes
    let grid = ChunkGrid(info, target: target)
    let range = grid.bytes(ofChunk: grid.chunk(holding: (window.lowerBound + window.upperBound) / 2)).clamped(
      to: window)
    func size(_ plan: TensorPlan) throws(ModelError) -> Double {
      try bytes(range) { (span) throws(ModelError) in
        _ = ChunkCodec.encode(span, at: range.lowerBound, plan: plan, workspace)
      }
      return Double(workspace.encodedByteCount) / Double(range.count)
    }
    // The general sample stands for the general plan where there is one.
    let sampled = general.sampled.map(\.fraction).min()
    let ordinary = if let sampled { sampled } else { try size(general.plan) }
    var trials = [(candidate: general.plan.values[0], fraction: ordinary)]
    var best: (decision: Decision, fraction: Double)?
    for candidate in candidates {
      let fraction = try size(candidate.decision.plan)
      trials.append((candidate.name, fraction))
      if fraction < best?.fraction ?? 1 { best = (candidate.decision, fraction) }
    }
    guard let best else { return nil }
    // The sample is of other pieces: where it is close, the general plan is tried on this one.
    let close = best.fraction > Self.clearlySmaller * Self.clearlySmaller * ordinary
    let usual = close && sampled != nil ? try size(general.plan) : ordinary
    // A grid says more of what was done to the weights than the palette that it is, too, and is named even where what
    // serves any tensor is as small.
    let ceiling = Self.nearlyAsSmall * min(best.fraction, usual)
    let likely = zip(candidates, trials.dropFirst()).filter {
      $0.0.decision.plan.grid != nil && $0.1.fraction < ceiling
    }
    let plan = likely.min { $0.1.fraction < $1.1.fraction }?.0.decision.plan.grid
    let isSmaller = best.fraction < Self.smaller * usual
    // A palette that is not chosen is not named.
    let found = isSmaller || plan != nil ? try finding(plan, info, range, general.plan.element, workspace, bytes) : nil
    guard isSmaller else {
      var decision = general
      decision.grid = found
      return decision
    }
    var decision = best.decision
    decision.plan.takesFirst = best.fraction < Self.clearlySmaller * usual
    decision.plan.values += general.plan.values
    decision.plan.searchesMatches = !decision.plan.takesFirst && general.plan.searchesMatches
    decision.sampled = trials
    decision.grid = found
    return decision
  }

  /// What a piece of the tensor shows of the grid; of the palette, where there is none.
  private func finding(
    _ grid: GridPlan?, _ info: TensorInfo, _ range: Range<Int>, _ element: ElementType, _ workspace: EncodingWorkspace,
    _ bytes: Lend
  ) throws(ModelError) -> GridFinding? {
    var found: GridFinding?
    try bytes(range) { (span) throws(ModelError) in
      if let grid {
        let evidence = GridEvidence.gather(span, at: range.lowerBound, of: element, grid: grid, workspace)
        found = evidence.flatMap { GridFinding(grid, $0, elements: info.elementCount) }
      } else {
        let levels = Self.distinct(span, element.width)
        if (2...Self.mostLevels).contains(levels.count) {
          found = GridFinding(levels: levels.count, elements: info.elementCount)
        }
      }
    }
    return found
  }

  /// The distinct words of a piece, but not many more than may be levels of a palette.
  private static func distinct(_ span: RawSpan, _ width: Int) -> Set<UInt64> {
    var distinct: Set<UInt64> = []
    for index in 0..<(span.byteCount / width) where distinct.count <= mostLevels {
      distinct.insert(word(index, in: span, width))
    }
    return distinct
  }

  /// The word at an element of that many bytes, at any address.
  private static func word(_ index: Int, in span: RawSpan, _ width: Int) -> UInt64 {
    var word: UInt64 = 0
    for byte in 0..<width {
      let octet = unsafe span.unsafeLoad(fromByteOffset: index * width + byte, as: UInt8.self)
      word |= UInt64(octet) << UInt64(8 * byte)
    }
    return word
  }
}
