import Kernels

/// What a piece of a tensor shows of the grid on which it lies.
public struct GridEvidence: Sendable {
  /// The share of the groups that have a scale.
  public let fittingShare: Double
  /// How often each code occurs: integers without a common divisor in their group, or places in the list of levels;
  /// ascending.
  public let uses: [(code: Int, count: Int)]
  /// The least and the greatest code of each group that has more than one.
  public let spans: [ClosedRange<Int>]
  public let scales: [Float]

  /// Codes are less than that in magnitude.
  private static let reach = 512

  /// Codes the piece as `grid` would.
  ///
  /// - Parameters:
  ///   - bytes: whole elements of the grid's kind, at least one, of any alignment.
  ///   - byteOffset: where they begin in the tensor.
  /// - Returns: nil where the piece lies on no such grid.
  public static func gather(
    _ bytes: RawSpan, at byteOffset: Int, of type: ElementType, grid: GridPlan, _ workspace: EncodingWorkspace
  ) -> GridEvidence? {
    unsafe bytes.withUnsafeBytes { raw in
      guard raw.count > 0 else { return nil }
      let elements = unsafe Elements(
        start: ChunkCodec.aligned(raw, type.width, workspace.aligned), count: raw.count / type.width, type: type)
      let first = byteOffset / type.width
      let chunk = unsafe GridChunk(elements, at: first, grid: grid, workspace)
      guard !chunk.isHopeless else { return nil }
      let areIntegers = if case .integers = grid.book { true } else { false }
      return unsafe GridEvidence(chunk, areIntegers: areIntegers, first..<(first + raw.count / type.width), workspace)
    }
  }

  @unsafe private init(_ chunk: GridChunk, areIntegers: Bool, _ range: Range<Int>, _ workspace: EncodingWorkspace) {
    let codes = unsafe workspace.multiples.raw(2 * range.count).assumingMemoryBound(to: Int16.self)
    let groups = chunk.layout.groups(of: range)
    var counts = [Int](repeating: 0, count: 2 * Self.reach)
    var spans: [ClosedRange<Int>] = []
    for group in 0..<groups.count {
      let divisor = areIntegers ? unsafe Self.divisor(chunk, group, groups, range, codes) : 1
      var (least, greatest) = (Int.max, Int.min)
      chunk.layout.forEachRun(of: group, in: groups, of: range) { run in
        for index in run where unsafe codes[index] != GridProducts.exception {
          let code = unsafe Int(codes[index]) / divisor
          counts[code + Self.reach] += 1
          least = min(least, code)
          greatest = max(greatest, code)
        }
      }
      if least < greatest { spans.append(least...greatest) }
    }
    self.spans = spans
    uses = counts.indices.filter { counts[$0] > 0 }.map { ($0 - Self.reach, counts[$0]) }
    scales = chunk.scales
    fittingShare = Double(groups.count - chunk.failures) / Double(groups.count)
  }

  /// What divides all codes of a group: its scale is as fine as the fit made it, which may be finer than need be.
  @unsafe private static func divisor(
    _ chunk: GridChunk, _ group: Int, _ groups: GridLayout.Groups, _ range: Range<Int>, _ codes: UnsafePointer<Int16>
  ) -> Int {
    var divisor = 0
    chunk.layout.forEachRun(of: group, in: groups, of: range) { run in
      for index in run where unsafe divisor != 1 && codes[index] != GridProducts.exception {
        var rest = unsafe Int(codes[index].magnitude)
        while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
      }
    }
    return max(divisor, 1)
  }
}
