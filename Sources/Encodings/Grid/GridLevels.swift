import Kernels

/// The levels that a chunk uses, and its elements' codes, left in `workspace.codes`.
struct GridLevels {
  /// Levels from −`low` up, unless they are listed.
  private(set) var low = 0
  private(set) var count = 1
  private(set) var listed: [Float] = []
  /// Whether some element has no level.
  private(set) var hasExceptions = false
  /// The code of level 0, where there is one.
  private(set) var zeroCode: Int?

  var isListed: Bool { !listed.isEmpty }

  /// Nil where there are too many levels for a byte; with a mask, one less.
  @unsafe init?(
    _ chunk: GridChunk, count elements: Int, grid: GridPlan, isMasked: Bool, _ workspace: EncodingWorkspace
  ) {
    let multiples = unsafe workspace.multiples.raw(2 * elements).assumingMemoryBound(to: Int16.self)
    let codes = unsafe workspace.codes.bytes(elements + 8)
    if !chunk.hasExceptions, case .integers = grid.book {
      let range = unsafe Self.range(of: multiples, elements)
      if range.count <= 16 {
        low = -range.lowerBound
        count = range.count
        zeroCode = low
        unsafe Self.shift(multiples, elements, by: low, into: codes)
        return
      }
    }
    var uses = unsafe Self.uses(of: multiples, elements)
    hasExceptions = uses[0] > 0
    uses[0] = 0
    var used = uses.indices.filter { uses[$0] > 0 }.map { $0 - Self.reach }
    guard !used.isEmpty else { return nil }
    var codeOf: [Int: Int] = [:]
    switch grid.book {
    case .listed(let levels) where chunk.corrections.isEmpty:
      listed = used.map { levels[$0] }
      for (code, place) in used.enumerated() { codeOf[place] = code }
      count = used.count
      zeroCode = listed.firstIndex(of: 0)
    case .listed(let levels):
      listed = levels
      for place in levels.indices { codeOf[place] = place }
      count = levels.count
      zeroCode = listed.firstIndex(of: 0)
    case .integers, .offset:
      let range = Self.window(uses)
      if used.contains(where: { !range.contains($0) }) {
        used.removeAll { !range.contains($0) }
        unsafe Self.remove(outside: range, multiples, elements)
        hasExceptions = true
      }
      let span = used.last! - min(used.first!, 0) + 1
      low = max(0, -used.first!)
      count = span
      let packs = (RadixCodes(levels: min(span, 256)).perByte, RadixCodes(levels: min(used.count, 256)).perByte)
      if low > 255 || span > 256 || packs.1 > packs.0 {
        // Few of them, far apart.
        guard used.count <= 256 else { return nil }
        low = 0
        count = used.count
        listed = used.map { Float($0) }
        for (code, multiple) in used.enumerated() { codeOf[multiple] = code }
        zeroCode = listed.firstIndex(of: 0)
      } else {
        for multiple in used { codeOf[multiple] = multiple + low }
        zeroCode = low
      }
    }
    if isMasked, count > 255 { return nil }
    // An offset moves zero elsewhere.
    if case .offset = grid.book { zeroCode = nil }
    // An exception takes the commonest code.
    let commonest = used.max { uses[$0 + Self.reach] < uses[$1 + Self.reach] }!
    unsafe write(multiples, elements, codeOf, codeOf[commonest]!, into: codes)
  }

  /// From the least to the greatest multiple, 0 among them.
  @unsafe private static func range(of multiples: UnsafePointer<Int16>, _ count: Int) -> ClosedRange<Int> {
    var (low, high) = (Int16(0), Int16(0))
    var index = 0
    while index < count {
      unsafe low = min(low, multiples[index])
      unsafe high = max(high, multiples[index])
      index &+= 1
    }
    return Int(low)...Int(high)
  }

  @unsafe private static func shift(
    _ multiples: UnsafePointer<Int16>, _ count: Int, by low: Int, into codes: UnsafeMutablePointer<UInt8>
  ) {
    let shift = Int16(low)
    var index = 0
    while index < count {
      unsafe codes[index] = UInt8(truncatingIfNeeded: multiples[index] &+ shift)
      index &+= 1
    }
  }

  /// Multiples and positions in lists are less than that; exceptions count as its negative.
  private static let reach = 512

  /// How often each multiple occurs, from −`reach` on.
  @unsafe private static func uses(of multiples: UnsafePointer<Int16>, _ count: Int) -> [Int] {
    var uses = [Int](repeating: 0, count: 2 * reach)
    unsafe uses.withUnsafeMutableBufferPointer { uses in
      let bins = unsafe uses.baseAddress! + reach
      var index = 0
      while index < count {
        unsafe bins[max(Int(multiples[index]), -reach)] &+= 1
        index &+= 1
      }
    }
    return uses
  }

  /// The 256 integers that hold most elements; all where there are no more.
  private static func window(_ uses: [Int]) -> ClosedRange<Int> {
    guard let first = uses.firstIndex(where: { $0 > 0 }), let last = uses.lastIndex(where: { $0 > 0 }) else {
      return 0...0
    }
    var best = (start: first, count: -1)
    var count = uses[first..<min(first + 256, uses.count)].reduce(0, +)
    for start in first...max(first, last - 255) {
      if count > best.count { best = (start, count) }
      count += (start + 256 < uses.count ? uses[start + 256] : 0) - uses[start]
    }
    return (best.start - reach)...(best.start + 255 - reach)
  }

  /// Makes exceptions of multiples outside of `range`.
  @unsafe private static func remove(
    outside range: ClosedRange<Int>, _ multiples: UnsafeMutablePointer<Int16>, _ count: Int
  ) {
    for index in 0..<count where unsafe !range.contains(Int(multiples[index])) {
      unsafe multiples[index] = GridProducts.exception
    }
  }

  @unsafe private func write(
    _ multiples: UnsafePointer<Int16>, _ count: Int, _ codeOf: [Int: Int], _ commonest: Int,
    into codes: UnsafeMutablePointer<UInt8>
  ) {
    var table = [UInt8](repeating: UInt8(commonest), count: 2 * Self.reach)
    for (multiple, code) in codeOf { table[multiple + Self.reach] = UInt8(code) }
    unsafe table.withUnsafeBufferPointer { table in
      let places = unsafe table.baseAddress! + Self.reach
      var index = 0
      while index < count {
        unsafe codes[index] = places[max(Int(multiples[index]), -Self.reach)]
        index &+= 1
      }
    }
  }
}
